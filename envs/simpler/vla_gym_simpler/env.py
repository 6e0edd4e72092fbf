"""SimplerEnv's tasks as Gymnasium environments.

Physics runs without pictures; one is taken only when somebody looks, at the size that is asked for.
A world is built for every episode, so an episode depends on its seed, options and actions alone.
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
from vla_gym_sapien.overlay import composite, photograph
from vla_gym_sapien.rendering import check_shader, require_device

from vla_gym.contract.env import Observation, StepResult
from vla_gym.contract.spec import EnvContract
from vla_gym.env.spaces import checked_actions, observation_space
from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_simpler.assets import asset_set
from vla_gym_simpler.engine import ENGINES, describe_solver
from vla_gym_simpler.facts.robots import GOOGLE, WIDOWX
from vla_gym_simpler.facts.tasks import CAMERA, TASKS
from vla_gym_simpler.simulation import Simulation
from vla_gym_simpler.spec import env_contract, picture_sizes
from vla_gym_simpler.tasks import make_task
from vla_gym_simpler.tasks.base import Judge
from vla_gym_simpler.tasks.drawers import ADVANCE_AFTER
from vla_gym_simpler.variants import make_options, make_variant

Actions = npt.NDArray[np.floating[Any]]

_SIZE = 7
_REACH = (1.0, 1.0, 1.0, np.pi / 2, np.pi / 2, np.pi / 2, 1.0)
_INSTRUCTION = spaces.Text(
    max_length=128, min_length=0, charset=string.ascii_letters + string.digits + " "
)


class SimplerEnv(gymnasium.Env[Observation, Actions]):
    """One task of SimplerEnv.

    Actions are ``(7,)``: translation (m) and rotation vector (rad) in the axes of the robot's base,
    and the gripper: WidowX -1 closed to 1 open, Google Robot +1 closes, -1 opens, 0 holds. They
    are not clipped; the action space only says what is sensible.

    Observations hold ``images["static"]`` (uint8; absent without cameras), ``proprioception`` (see
    ``spec``) and ``instruction``.

    ``info`` holds ``success`` (now), ``task`` (``""`` in free play), ``subtask_index``,
    ``metrics`` (official statistics as numbers), ``episode_stats`` and the other keys of the
    official ``info``, ``elapsed_steps``, ``state`` (see ``state()``), ``scene`` (what is where, for
    scripted experts) and ``steps`` (executed by this call).

    Reset options: ``episode_id`` (as the official evaluation counts), the official
    ``obj_init_options`` (``episode_id``, ``init_xy``, ``orientation``) and ``robot_init_options``
    (``init_xy``, ``init_yaw``), and ``subtasks`` (the runner's). What is left open is drawn from
    the seed. The episode is truncated at ``max_steps`` and never ends at a success.

    Args:
        task: One of ``facts.tasks.TASKS``.
        assets: ``"official"``, ``"builtin"`` or ``"auto"``.
        engine: ``"sapien3"``.
        shader: ``"default"``, or ``"trivial"`` (unlit) for fast tests.
        cameras: Roles to render into observations; ``("static",)`` or none.
        camera_sizes: (height, width) by role: the picture is rendered at this size, stretched.
        orientation: Coke: ``"horizontal"``, ``"vertical"``, ``"standing"``; default: drawn.
        drawer: Drawers: ``"top"``, ``"middle"``, ``"bottom"``; default: drawn.
        objects: Move near: ``"v1"``, ``"v0"`` (baked models) or ``"unbaked"``.
        setting: ``"visual-matching"`` (a photograph behind) or ``"variant-aggregation"``.
        lighting: ``"default"``, ``"darker"``, ``"brighter"``; drawers also ``"vertical"``.
        background: Another room (variant aggregation).
        table: Another table (variant aggregation).
        distractors: Coke: ``"less"`` or ``"more"``; move near: ``"none"`` for no third object.
        camera: ``"alt_camera_1"``, ``"alt_camera_2"``.
        station: Another cabinet.
        robot_variant: Recolouring of the Google Robot; default: drawn (visual matching) or plain.
        max_steps: Steps until truncation; default: the official number.
        render_mode: ``None`` or ``"rgb_array"``.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012

    def __init__(
        self,
        *,
        task: str,
        assets: str = "auto",
        engine: str = "sapien3",
        shader: str = "default",
        cameras: Sequence[str] = (CAMERA,),
        camera_sizes: Mapping[str, Sequence[int]] | None = None,
        orientation: str | None = None,
        drawer: str | None = None,
        objects: str | None = None,
        distractors: str = "",
        max_steps: int | None = None,
        render_mode: str | None = None,
        **variant: Any,
    ) -> None:
        if task not in TASKS:
            raise UnknownNameError("SimplerEnv task", task, TASKS)
        if engine not in ENGINES:
            raise UnknownNameError("engine", engine, ENGINES)
        if render_mode not in (None, "rgb_array"):
            raise UnknownNameError("render_mode", str(render_mode), self.metadata["render_modes"])
        if max_steps is not None and max_steps < 1:
            raise OptionError(f"max_steps={max_steps}: expected at least 1.")
        facts = TASKS[task]
        self._contract = env_contract(task=task, cameras=cameras, camera_sizes=camera_sizes)
        self._size = picture_sizes(facts.robot, (CAMERA,), camera_sizes)[CAMERA]
        third = distractors != "none"
        self._task = make_task(
            task, orientation=orientation, drawer=drawer, form=objects, third=third
        )
        self._variant = _variant(task, facts.robot, distractors, variant)
        self._assets = asset_set(assets, facts.robot)
        self._engine, self._shader = engine, check_shader(shader)
        self._max_steps = max_steps or facts.max_steps
        self.tasks = self._task.subtasks
        self.render_mode = render_mode
        reach = np.array(_REACH, dtype=np.float32)
        self.action_space = spaces.Box(-reach, reach, dtype=np.float32)
        self.observation_space = observation_space(self._contract, _INSTRUCTION)
        self._simulation: Simulation | None = None
        self._judge: Judge | None = None
        self._closed = False
        self._subtasks: tuple[str, ...] = ()
        self._steps = self._index = self._left = 0

    # --- Gymnasium ---------------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; see the class for the options."""
        super().reset(seed=seed)
        self._check_open()
        given = dict(options or {})
        chosen = make_options(given)
        subtasks = self._checked_subtasks(given.get("subtasks"))
        drawn = int(self.np_random.integers(2**32)) if seed is None else seed % 2**32
        setup = self._task.draw(drawn, chosen, self._variant)
        self._free()
        self._simulation = Simulation(setup, self._assets, engine=self._engine, shader=self._shader)
        self._judge = self._task.judge(self._simulation)
        self._subtasks, self._steps, self._index, self._left = subtasks, 0, 0, 0
        info = self._info({"success": False, "episode_stats": {}})
        return self._observation(observe=True), {**info, **setup.details}

    def step(self, action: npt.ArrayLike) -> StepResult:
        """Execute one action ``(7,)``."""
        return self._run(_checked(action, ndim=1)[None], observe=True)

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Return the picture if ``render_mode`` is ``"rgb_array"``."""
        return self.render_cameras((CAMERA,))[CAMERA] if self.render_mode else None

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
        return self._begun()[0]

    def state(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return the full state under the names of the official recordings.

        ``qpos``, ``qvel``, ``drive_target`` (official joint order), ``tcp`` (world) and
        ``tcp_at_base`` (``[x, y, z, qw, qx, qy, qz]``), ``actor:NAME``, ``cmass_local:NAME``,
        ``art_qpos:cabinet``, ``art_pose:cabinet``, ``link:cabinet/NAME``.
        """
        return self._begun()[0].state()

    def step_chunk(self, actions: npt.ArrayLike, *, observe: bool = True) -> StepResult:
        """Execute actions ``(n, 7)`` and take a picture only after the last.

        Stops at the step where the task is fulfilled, a sub-task ends or the episode ends;
        ``info["steps"]`` says how many were executed.
        """
        return self._run(_checked(actions, ndim=2), observe=observe)

    def render_cameras(self, names: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        """Return pictures of the present state by camera role, uint8 ``(height, width, 3)``."""
        for name in names:
            if name != CAMERA:
                raise UnknownNameError("camera", name, (CAMERA,))
        return {name: self._picture() for name in names}

    def begin_subtask(self, name: str) -> None:
        """Go on to a later sub-task, as a policy that terminates the first one would."""
        self._begun()
        if name not in self.tasks:
            raise UnknownNameError("sub-task", name, self.tasks)
        self._advance_to(self.tasks.index(name))

    def describe(self) -> dict[str, Any]:
        """Return what a result should record: engine, solver, assets, renderer, stand-ins."""
        robot = WIDOWX if self._task.robot == "widowx" else GOOGLE
        device = require_device().name if self._contract.cameras else None
        return {
            "engine": {self._engine: importlib.metadata.version("sapien")},
            "solver": describe_solver(robot),
            "assets": self._assets.kind,
            "renderer": None if device is None else {"device": device, "shader": self._shader},
        }

    # --- Internals ---------------------------------------------------------------------------

    def _run(self, actions: Actions, *, observe: bool) -> StepResult:
        simulation, judge = self._begun()
        executed, verdict, truncated, advanced = 0, {}, False, False
        for action in actions:
            simulation.act(action)
            executed += 1
            self._steps += 1
            verdict = judge.judge(simulation, self._steps)
            truncated = self._steps >= self._max_steps
            advanced = self._advances()
            if verdict["success"] or truncated or advanced:
                break
        if advanced:
            self._advance_to(self._index + 1)
            self._left += 1
        info = self._info(verdict)
        info["steps"] = executed
        success = bool(info["success"])
        return self._observation(observe=observe), float(success), False, truncated, info

    def _advances(self) -> bool:
        """Whether the official evaluation goes on to the next sub-task after this step."""
        more = self._index + 1 < len(self.tasks)
        return more and self._steps == ADVANCE_AFTER

    def _advance_to(self, index: int) -> None:
        self._index = max(self._index, index)
        self._begun()[1].begin(self._index)

    def _info(self, verdict: Mapping[str, Any]) -> dict[str, Any]:
        simulation, _ = self._begun()
        stats = dict(verdict.get("episode_stats", {}))
        working = self._index < len(self._subtasks)
        return {
            **verdict,
            "success": bool(verdict["success"]),
            "task": self._subtasks[self._index] if working else "",
            "subtask_index": self._left,
            "metrics": {name: _number(value) for name, value in stats.items()},
            "elapsed_steps": self._steps,
            "state": simulation.state(),
            "scene": self._scene(simulation),
            "steps": 0,
        }

    def _scene(self, simulation: Simulation) -> dict[str, Any]:
        setup = simulation.setup
        return {
            "task": self._task.name,
            "robot": setup.robot.name,
            "roles": dict(setup.roles),
            "base": simulation.robot.base.array(),
            "subtask": self._index,
            "step": self._steps,
        }

    def _observation(self, *, observe: bool) -> Observation:
        simulation, _ = self._begun()
        observation: Observation = {
            "proprioception": _proprioception(simulation),
            "instruction": simulation.setup.instructions[self._index],
        }
        if observe and self._contract.cameras:
            observation["images"] = {name: self._picture() for name in self._contract.cameras}
        return observation

    def _picture(self) -> npt.NDArray[np.uint8]:
        simulation, _ = self._begun()
        picture = simulation.picture(self._size)
        photo = simulation.setup.photo
        file = self._assets.photo(photo) if photo else None
        if file is None:
            return picture.rgb
        return composite(picture, photograph(file, self._size), simulation.in_front)

    def _checked_subtasks(self, names: Any) -> tuple[str, ...]:
        if names is None:
            return ()
        if isinstance(names, str):
            raise OptionError(f"subtasks={names!r}: expected a list of names, such as [{names!r}].")
        for name in names:
            if name not in self.tasks:
                raise UnknownNameError("sub-task", name, self.tasks)
        if tuple(names) != self.tasks[: len(names)]:
            raise OptionError(
                f"subtasks={list(names)}: expected {list(self.tasks)}, in this order."
            )
        return tuple(names)

    def _begun(self) -> tuple[Simulation, Judge]:
        self._check_open()
        if self._simulation is None or self._judge is None:
            raise gymnasium.error.ResetNeeded("Call reset() before anything else.")
        return self._simulation, self._judge

    def _check_open(self) -> None:
        if self._closed:
            raise gymnasium.error.ClosedEnvironmentError("This SimplerEnv has been closed.")

    def _free(self) -> None:
        if self._simulation is not None:
            self._simulation.close()
        self._simulation = self._judge = None


def _variant(task: str, robot: str, distractors: str, keywords: dict[str, Any]) -> Any:
    try:
        return make_variant(task, robot, distractors=distractors, **keywords)
    except TypeError as error:
        known = "setting, lighting, background, table, camera, station, robot_variant"
        raise OptionError(f"SimplerEnv: {error}. Variant keywords: {known}.") from error


def _proprioception(simulation: Simulation) -> npt.NDArray[np.float32]:
    robot, facts = simulation.robot, simulation.setup.robot
    hand = robot.base.inverse() * simulation.hand()
    w, x, y, z = hand.q
    qpos = robot.qpos
    fingers = [facts.joints.index(name) for name in facts.finger_joints]
    share = float(np.mean(qpos[fingers]))
    opening = (share - 0.015) / 0.022 if facts is WIDOWX else 1.0 - share / 1.3
    return np.array([*hand.p, x, y, z, w, np.clip(opening, 0, 1), *qpos], dtype=np.float32)


def _number(value: Any) -> float | bool:
    """Return an official statistic as a number (some are texts)."""
    return value if isinstance(value, bool) else float(value)


def _checked(actions: npt.ArrayLike, *, ndim: int) -> Actions:
    return checked_actions(actions, size=_SIZE, ndim=ndim).astype(np.float64)
