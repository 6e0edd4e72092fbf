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
from vla_gym_sapien.rendering import check_shader, require_device

from vla_gym.env.chain import SubTask
from vla_gym.env.task_env import TaskEnv, Verdict
from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.options import validated
from vla_gym_simpler.assets import asset_set
from vla_gym_simpler.engine import describe_solver
from vla_gym_simpler.facts.robots import GOOGLE, WIDOWX
from vla_gym_simpler.facts.tasks import CAMERA, TASKS
from vla_gym_simpler.simulation import Simulation
from vla_gym_simpler.spec import env_contract, picture_sizes
from vla_gym_simpler.tasks import make_task
from vla_gym_simpler.tasks.base import Judge
from vla_gym_simpler.tasks.drawers import ADVANCE_AFTER
from vla_gym_simpler.variants import SimplerOptions, make_options, make_variant

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
    reset_options = ("episode_id", "obj_init_options", "robot_init_options")

    def __init__(
        self,
        *,
        task: str,
        cameras: Sequence[str] = (CAMERA,),
        camera_sizes: Mapping[str, Sequence[int]] | None = None,
        max_steps: int | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        if task not in TASKS:
            raise UnknownNameError("SimplerEnv task", task, TASKS)
        facts, chosen = TASKS[task], validated(SimplerOptions, options, where="SimplerEnv")
        self._options, self._task = chosen, make_task(task, **chosen.of_the_task())
        self._variant = make_variant(task, facts.robot, chosen)
        self._assets = asset_set(chosen.assets, facts.robot)
        self._size = picture_sizes(facts.robot, (CAMERA,), camera_sizes)[CAMERA]
        check_shader(chosen.shader)
        reach = np.array(_REACH, dtype=np.float32)
        super().__init__(
            env_contract(task=task, cameras=cameras, camera_sizes=camera_sizes),
            self._task.subtasks,
            action_space=spaces.Box(-reach, reach, dtype=np.float32),
            max_steps=facts.max_steps if max_steps is None else max_steps,
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
        robot = WIDOWX if self._task.robot == "widowx" else GOOGLE
        device = require_device().name if self._contract.cameras else None
        drawn = {"device": device, "shader": self._options.shader}
        return {
            "engine": {self._options.engine: importlib.metadata.version("sapien")},
            "solver": describe_solver(robot),
            "assets": self._assets.kind,
            "renderer": None if device is None else drawn,
        }

    def _begin(self, seed: int | None, options: Mapping[str, Any]) -> Mapping[str, Any]:
        chosen = make_options(options)
        setup = self._task.draw(self.episode_seed(seed), chosen, self._variant)
        self._free()
        engine, shader = self._options.engine, self._options.shader
        simulation = Simulation(setup, self._assets, engine=engine, shader=shader)
        self._episode = simulation, self._task.judge(simulation)
        self._verdict, self._index = {"episode_stats": {}}, 0
        return setup.details

    def _step(self, action: npt.NDArray[Any]) -> Verdict:
        simulation, judge = self._present()
        simulation.act(action)
        self._verdict = judge.judge(simulation, self.elapsed)
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
        setup = simulation.setup
        return {
            **self._verdict,
            "metrics": {name: _number(value) for name, value in stats.items()},
            "elapsed_steps": self.elapsed,
            "state": simulation.state(),
            "scene": {
                "task": self._task.name,
                "robot": setup.robot.name,
                "roles": dict(setup.roles),
                "base": simulation.robot.base.array(),
                "subtask": self._index,
                "step": self.elapsed,
            },
        }

    def _proprioception(self) -> npt.NDArray[np.float32]:
        return _proprioception(self.simulation)

    def _instruction(self) -> str:
        return str(self.simulation.setup.instructions[self._index])

    def _pictures(self, roles: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        return {role: self._picture() for role in roles}

    def _picture(self) -> npt.NDArray[np.uint8]:
        simulation = self.simulation
        picture = simulation.picture(self._size)
        photo = simulation.setup.photo
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
