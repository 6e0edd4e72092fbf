"""SimplerEnv's tasks as Gymnasium environments.

Physics runs without pictures; one is taken only when somebody looks, at the size that is asked for.
A world is built for every episode, so an episode depends on its seed, options and actions alone.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from vla_gym_sapien.overlay import composite, photograph
from vla_gym_sapien.rendering import require_device

from vla_gym.env.chain import SubTask
from vla_gym.env.task_env import TaskEnv, Verdict
from vla_gym.errors import OptionError
from vla_gym_simpler.assets import asset_set
from vla_gym_simpler.engine import describe_solver
from vla_gym_simpler.facts.tasks import ADVANCE_AFTER, CAMERA
from vla_gym_simpler.reset_options import RESET_OPTIONS, read_reset_options
from vla_gym_simpler.simulation import Simulation
from vla_gym_simpler.spec import env_contract, picture_sizes
from vla_gym_simpler.success import Judge
from vla_gym_simpler.tasks import make_task

_REACH = (1.0, 1.0, 1.0, np.pi / 2, np.pi / 2, np.pi / 2, 1.0)


class SimplerEnv(TaskEnv):
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
        cameras: Roles to render into observations; ``("static",)`` or none.
        camera_sizes: (height, width) by role: the picture is rendered at this size, stretched.
        max_steps: Steps until truncation; default: the official number.
        subtasks: What a ``reset`` without ``subtasks`` asks for; without any it is free play.
        render_mode: ``None`` or ``"rgb_array"``.
        **options: What the family of tasks understands, such as ``assets``, ``setting`` and
            ``drawer``: see ``options`` and ``vla-gym show env ID``.

    Raises:
        OptionError: For a keyword or value that the task does not understand.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012
    reset_options = RESET_OPTIONS

    def __init__(
        self,
        *,
        task: str,
        cameras: Sequence[str] = (CAMERA,),
        camera_sizes: Mapping[str, Sequence[int]] | None = None,
        max_steps: int | None = None,
        subtasks: Sequence[str] = (),
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        self._task = make_task(task, options)
        facts, self._options = self._task.facts, self._task.options
        self._assets = asset_set(self._options.assets, facts.robot)
        self._size = picture_sizes(facts.robot, (CAMERA,), camera_sizes)[CAMERA]
        reach = np.array(_REACH, dtype=np.float32)
        super().__init__(
            env_contract(task=task, cameras=cameras, camera_sizes=camera_sizes),
            facts.subtasks,
            action_space=spaces.Box(-reach, reach, dtype=np.float32),
            max_steps=facts.max_steps if max_steps is None else max_steps,
            subtasks=subtasks,
            render_mode=render_mode,
        )
        self.roles = (CAMERA,)
        self._episode: tuple[Simulation, Judge] | None = None
        self._verdict: Mapping[str, Any] = {}
        self._index = 0

    @property
    def simulation(self) -> Simulation:
        """The present episode's world, for benchmarks and tools."""
        return self._present()[0]

    def state(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return the full state under the names of the official recordings.

        ``qpos``, ``qvel``, ``drive_target`` (official joint order), ``tcp`` (world) and
        ``tcp_at_base`` (``[x, y, z, qw, qx, qy, qz]``), ``actor:NAME``, ``cmass_local:NAME``,
        ``art_qpos:cabinet``, ``art_pose:cabinet``, ``link:cabinet/NAME``.
        """
        return self.simulation.state()

    def describe(self) -> dict[str, Any]:
        """Return what a result should record: engine, solver, assets, renderer, stand-ins."""
        device = require_device().name if self._contract.cameras else None
        drawn = {"device": device, "shader": self._options.shader}
        return {
            "engine": {self._options.engine: importlib.metadata.version("sapien")},
            "solver": describe_solver(self._task.robot),
            "assets": self._assets.kind,
            "renderer": None if device is None else drawn,
        }

    def _begin(self, seed: int | None, options: Mapping[str, Any]) -> Mapping[str, Any]:
        task, engine, shader = self._task, self._options.engine, self._options.shader
        chosen = read_reset_options(task.name, options, understood=task.reset_options)
        initial = task.draw(self.episode_seed(seed), chosen)
        self._free()
        simulation = Simulation(initial, self._assets, engine=engine, shader=shader)
        self._episode = simulation, task.judge(simulation)
        self._verdict, self._index = {"episode_stats": {}}, 0
        return initial.details

    def _step(self, action: npt.NDArray[Any]) -> Verdict:
        simulation, judge = self._present()
        simulation.act(action)
        self._verdict = judge.judge(simulation)
        # Where the official evaluation goes on to the next sub-task, whatever was achieved.
        moves_on = self._index + 1 < len(self.tasks) and self.elapsed == ADVANCE_AFTER
        if moves_on:
            self._advance_to(self._index + 1)
        return Verdict(bool(self._verdict["success"]), moves_on)

    def _subtask_begins(self) -> None:
        if self.task:
            self._advance_to(self.tasks.index(self.task))

    def _advance_to(self, index: int) -> None:
        """Work on a later sub-task, as after a policy that terminates the first one."""
        if index > self._index:
            self._index = index
            self._present()[1].begin(index)

    def _details(self) -> Mapping[str, Any]:
        simulation, stats = self.simulation, self._verdict.get("episode_stats", {})
        initial = simulation.initial
        return {
            **self._verdict,
            "metrics": {name: _number(value) for name, value in stats.items()},
            "elapsed_steps": self.elapsed,
            "state": simulation.state(),
            "scene": {
                "task": self._task.name,
                "robot": initial.robot.name,
                "roles": dict(initial.roles),
                "base": simulation.robot.base.array(),
                "subtask": self._index,
                "step": self.elapsed,
            },
        }

    def _proprioception(self) -> npt.NDArray[np.float32]:
        return _proprioception(self.simulation)

    def _instruction(self) -> str:
        return str(self.simulation.initial.instructions[self._index])

    def _pictures(self, roles: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        return {role: self._picture() for role in roles}

    def _picture(self) -> npt.NDArray[np.uint8]:
        simulation = self.simulation
        picture = simulation.picture(self._size)
        photo = simulation.initial.photo
        file = self._assets.photo(photo) if photo else None
        if file is None:
            return picture.rgb
        return composite(picture, photograph(file, self._size), simulation.in_front)

    def _subtasks(self, names: Sequence[str], options: Mapping[str, Any]) -> list[SubTask]:
        chain = super()._subtasks(names, options)
        if tuple(names) != self.tasks[: len(names)]:
            raise OptionError(
                f"subtasks={list(names)}: expected {list(self.tasks)}, in this order."
            )
        return chain

    def _present(self) -> tuple[Simulation, Judge]:
        self._check_open()
        if self._episode is None:
            raise gymnasium.error.ResetNeeded("Call reset() before anything else.")
        return self._episode

    def _free(self) -> None:
        if self._episode is not None:
            self._episode[0].close()
        self._episode = None


def _proprioception(simulation: Simulation) -> npt.NDArray[np.float32]:
    robot, facts = simulation.robot, simulation.initial.robot
    hand = robot.base.inverse() * simulation.hand()
    w, x, y, z = hand.q
    qpos = robot.qpos
    fingers = [facts.joints.index(name) for name in facts.finger_joints]
    opening = facts.travel.opening(float(np.mean(qpos[fingers])))
    return np.array([*hand.p, x, y, z, w, opening, *qpos], dtype=np.float32)


def _number(value: Any) -> float | bool:
    """Return an official statistic as a number (some are texts)."""
    return value if isinstance(value, bool) else float(value)
