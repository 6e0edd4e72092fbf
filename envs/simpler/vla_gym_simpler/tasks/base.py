"""What a task is: it draws where an episode begins, and judges every step of it.

A ``Task`` has no state; the ``Judge`` of an episode has. Judges reproduce the official rules,
statistics and their names, so that recordings compare key by key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from vla_gym_sapien.poses import F64, Pose, multiply_quaternions

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_simpler.facts.robots import GOOGLE, GOOGLE_BASE_Z, GOOGLE_RECOLORINGS
from vla_gym_simpler.initial import Setup
from vla_gym_simpler.simulation import Simulation

Rng = np.random.RandomState
Verdict = dict[str, Any]

MOVED = 0.03
"""Horizontal distance (m) from which an object counts as moved."""
CONSECUTIVE = 5
"""Steps in a row that make a grasp consecutive."""
HALF_TURN = np.array([0.0, 0.0, 0.0, 1.0])
"""The robots stand turned by 180 degrees about z."""


@dataclass(frozen=True)
class Options:
    """Reset options, checked.

    Attributes:
        episode: Official episode number, ``None`` to draw everything from the seed.
        xy: Position of the (single) object.
        orientation: Of the coke can.
        robot_xy: Position of the robot's base.
        robot_yaw: Turn of the base from its usual heading, rad.
    """

    episode: int | None = None
    xy: tuple[float, float] | None = None
    orientation: str | None = None
    robot_xy: tuple[float, float] | None = None
    robot_yaw: float | None = None


@dataclass(frozen=True)
class Variant:
    """How the official evaluation varies a task.

    Attributes:
        robot: Recolouring of the robot; ``None`` draws one (visual matching only).
        overlay: Whether a photograph is the background (visual matching).
        lighting: ``"default"``, ``"darker"``, ``"brighter"`` ...
        background: Stage or table in place of the usual one.
        distractors: Object models that lie about besides.
        camera: ``""``, ``"alt_camera_1"`` or ``"alt_camera_2"``.
        station: Cabinet.
    """

    robot: str | None = None
    overlay: bool = True
    lighting: str = "default"
    background: str = ""
    distractors: tuple[str, ...] = ()
    camera: str = ""
    station: str = ""


class Judge(Protocol):
    """Judges one episode."""

    def begin(self, _index: int, /) -> None:
        """Take note that the sub-task of this index begins (most tasks have one only)."""
        return

    def judge(self, simulation: Simulation, steps: int, /) -> Verdict:
        """Return the official ``info`` of a step, with ``success`` and ``episode_stats``."""
        ...


class Task(Protocol):
    """A task family."""

    @property
    def name(self) -> str:
        """As in ``info["task"]``."""
        ...

    @property
    def subtasks(self) -> tuple[str, ...]:
        """Names of its official sub-tasks."""
        ...

    @property
    def robot(self) -> str:
        """``"widowx"`` or ``"google_robot"``."""
        ...

    @property
    def max_steps(self) -> int:
        """Steps of an episode."""
        ...

    @property
    def episodes(self) -> int:
        """Number of official episodes of a setting."""
        ...

    def draw(self, seed: int, options: Options, variant: Variant) -> Setup:
        """Return where an episode begins."""
        ...

    def judge(self, simulation: Simulation) -> Judge:
        """Return the judge of an episode that begins now."""
        ...


def check_episode(task: str, episode: int | None, count: int) -> int | None:
    """Return an official episode number that exists."""
    if episode is None or 0 <= episode < count:
        return episode
    raise OptionError(f"episode_id={episode}: {task} has the episodes 0 to {count - 1}.")


def check_choice(name: str, value: str, known: Sequence[str] | Mapping[str, object]) -> str:
    """Return a value that is among the known ones."""
    if value not in known:
        raise UnknownNameError(name, value, known)
    return value


def google_base(xy: tuple[float, float], yaw: float = 0.0) -> Pose:
    """Return the world pose of the Google Robot's base."""
    turn = np.array([np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)])
    return Pose.of((*xy, GOOGLE_BASE_Z), multiply_quaternions(turn, HALF_TURN))


def draw_recoloring(rng: Rng, variant: Variant) -> str:
    """Return the robot's recolouring: the variant's, drawn for visual matching, else plain."""
    if variant.robot is not None:
        return check_choice("robot_variant", variant.robot, GOOGLE_RECOLORINGS)
    return GOOGLE_RECOLORINGS[rng.choice(len(GOOGLE_RECOLORINGS))] if variant.overlay else ""


def google_initial(changes: Mapping[str, float] = {}) -> tuple[float, ...]:
    """Return the Google Robot's initial joint positions with some joints set."""
    pairs = zip(GOOGLE.joints, GOOGLE.initial, strict=True)
    return tuple(changes.get(joint, value) for joint, value in pairs)


def horizontal(a: F64, b: F64) -> float:
    """Return the horizontal distance of two positions, m."""
    return float(np.linalg.norm(a[:2] - b[:2]))


@dataclass
class GraspCounter:
    """Counts steps in a row with a grasp."""

    count: int = 0

    def see(self, grasped: bool) -> bool:
        """Return whether the grasp is consecutive by now."""
        self.count = self.count + 1 if grasped else 0
        return self.count >= CONSECUTIVE


@dataclass
class Ever:
    """Flags that stay up once they were."""

    flags: dict[str, bool] = field(default_factory=dict)

    def see(self, name: str, value: bool) -> bool:
        """Return whether a flag was ever up, now included."""
        self.flags[name] = self.flags.get(name, False) or value
        return self.flags[name]
