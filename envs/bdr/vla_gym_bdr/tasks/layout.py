"""Where things are at the beginning of an episode: drawn from a task's ranges, without overlaps.

Each part of a layout has its own stream of random numbers, so that two settings with the same seed
differ in what the setting changes and in nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import radians

import numpy as np
from vla_gym_sapien.poses import F64, Pose, euler_quaternion

from vla_gym.errors import SuiteError
from vla_gym_bdr import facts
from vla_gym_bdr.objects.fixtures import FIXTURES
from vla_gym_bdr.tasks.model import Spot, Task, thing

_SCENE, _CLUTTER, _UNSEEN = 1, 2, 3  # streams
_GAP = 0.002  # m, things are set down from this height
_IN_FRONT = 0.02  # m, free space before what a joint sweeps


@dataclass(frozen=True)
class Placed:
    """A thing and where it is.

    Attributes:
        name: Of the object or furniture.
        pose: In the world.
        on: What it lies on, ``None`` for the table.
        share: Furniture: how far its joint is open.
    """

    name: str
    pose: Pose
    on: str | None = None
    share: float = 0.0


def lay_out(
    task: Task,
    seed: int,
    *,
    clutter: Sequence[str] = (),
    unseen: int = 0,
    strangers: Sequence[str] = (),
) -> tuple[Placed, ...]:
    """Return where everything is.

    Args:
        task: What must be there.
        seed: Of the layout.
        clutter: Names that ``task.clutter`` objects are drawn from.
        unseen: How many of ``strangers`` lie about besides.
        strangers: Names that those are drawn from.

    Raises:
        SuiteError: When the things overlap however they are drawn.
    """
    rng = np.random.default_rng([seed, _SCENE])
    for _ in range(facts.DRAWS):
        placed = _draw(task.scene, rng)
        if placed is not None:
            break
    else:
        raise SuiteError(_overlap(task))
    free = Spot(turn=(-180.0, 180.0))
    for stream, names, count in ((_CLUTTER, clutter, task.clutter), (_UNSEEN, strangers, unseen)):
        rng = np.random.default_rng([seed, stream])
        others = [name for name in names if name not in task.scene]
        for name in rng.permutation(others)[:count] if others else ():
            _add(placed, str(name), free, rng)
    return tuple(placed)


def _overlap(task: Task) -> str:
    names = ", ".join(name for name, spot in task.scene.items() if spot.upon is None)
    return (
        f"overlapping layout: {names} do not fit into their ranges with "
        f"{facts.CLEARANCE * 100:g} cm between them in {facts.DRAWS} draws. Allowed: x in "
        f"{list(facts.AREA_X)}, y in {list(facts.AREA_Y)}; widen the ranges or move them apart"
    )


def _draw(scene: Mapping[str, Spot], rng: np.random.Generator) -> list[Placed] | None:
    """Return the things of a scene, ``None`` when two of them overlap."""
    placed: list[Placed] = []
    for name, spot in scene.items():
        one = _place(placed, name, spot, rng)
        if _collides(one, placed):
            return None
        placed.append(one)
    return placed


def _add(placed: list[Placed], name: str, spot: Spot, rng: np.random.Generator) -> None:
    """Add a thing where there is room; leave it out where there is none."""
    for _ in range(facts.DRAWS // 4):
        one = _place(placed, name, spot, rng)
        if not _collides(one, placed):
            placed.append(one)
            return


def _place(placed: Sequence[Placed], name: str, spot: Spot, rng: np.random.Generator) -> Placed:
    turn = radians(rng.uniform(*spot.turn))
    share = float(rng.uniform(*spot.open))
    rotation = euler_quaternion(0.0, 0.0, turn)
    if spot.upon is None:
        x, y = (rng.uniform(*r) for r in (spot.x or facts.AREA_X, spot.y or facts.AREA_Y))
        return Placed(name, Pose.of((x, y, _GAP), rotation), None, share)
    below = next(p for p in placed if p.name == spot.upon)
    rest = thing(spot.upon).rest
    room = [max(0.0, r - h) for r, h in zip(rest.half, _turned_half(name, turn), strict=True)]
    x, y = (
        rng.uniform(*(given or (-free, free)))
        for given, free in zip((spot.x, spot.y), room, strict=True)
    )
    local = Pose.of((x, y, rest.height + _GAP), rotation)
    return Placed(name, surface_pose(below) * local, spot.upon, share)


def surface_pose(placed: Placed) -> Pose:
    """Return the frame that a thing's level is given in."""
    if placed.name in FIXTURES:
        fixture = FIXTURES[placed.name]
        middle = Pose.of((0.1, 0.0, 0.0)) if fixture.joint.kind == "prismatic" else Pose.of()
        return fixture.part_pose(placed.pose, placed.share * fixture.joint.reach) * middle
    return placed.pose


def _turned_half(name: str, turn: float) -> tuple[float, float]:
    """Return half lengths of the box along the axes around a turned thing."""
    x, y = thing(name).half
    c, s = abs(np.cos(turn)), abs(np.sin(turn))
    return float(c * x + s * y), float(s * x + c * y)


def _collides(one: Placed, others: Sequence[Placed]) -> bool:
    """Whether a thing is too close to another one on the same level."""
    return any(
        _close(a, b)
        for other in others
        if other.on == one.on and other.name != one.on
        for a in _footprints(one)
        for b in _footprints(other)
    )


def _footprints(placed: Placed) -> Iterator[tuple[Pose, tuple[float, float]]]:
    """Yield the rectangles (pose of the middle, half lengths) that a thing needs."""
    item = thing(placed.name)
    yield placed.pose, item.half
    if placed.name in FIXTURES:
        depth = (item.sweep + _IN_FRONT) / 2
        front = placed.pose * Pose.of((-item.half[0] - depth, 0.0, 0.0))
        yield front, (depth, item.half[1])


def _close(one: tuple[Pose, tuple[float, float]], other: tuple[Pose, tuple[float, float]]) -> bool:
    """Whether two rectangles are nearer than the clearance (separating axes)."""
    axes = [pose.rotation[:2, i] for pose, _ in (one, other) for i in (0, 1)]
    way = other[0].p[:2] - one[0].p[:2]
    for axis in axes:
        reach = sum(_extent(pose, half, axis) for pose, half in (one, other))
        if abs(float(way @ axis)) > reach + facts.CLEARANCE:
            return False
    return True


def _extent(pose: Pose, half: tuple[float, float], axis: F64) -> float:
    return float(sum(abs(pose.rotation[:2, i] @ axis) * half[i] for i in (0, 1)))
