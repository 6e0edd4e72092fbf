"""Where the arm can go, how it leans there, and how it gets from one place to the next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vla_gym_calvin.facts import BLOCK_HEIGHT, ROBOT_BASE, TABLE_TOP
from vla_gym_calvin.policies.arm import OPEN, Arm, Motion
from vla_gym_calvin.policies.poses import F64, pointing_down
from vla_gym_calvin.policies.scene_view import Block, SceneView

SAFE_HEIGHT = 0.58  # of the tool centre point on its way over the table
SHELF_HEIGHT = 0.62  # likewise in front of and over the shelf
REST_YAW = np.pi / 2

_FULL_REACH = 0.6  # m from the robot's base, seen from above: beyond it the gripper must lean
_LEAN_PER_METER = 2.0
_MAX_LEAN = 0.5
_FRONT = -0.09  # y at which the gripper is clear of door and switch
_LIFTED = 0.015  # a block this much above what it could lie on hangs in the air


def lean_at(position: npt.ArrayLike) -> tuple[float, float]:
    """Return the lean (towards +x, +y) with which the arm reaches a place."""
    away = np.asarray(position)[:2] - np.array(ROBOT_BASE[:2])
    distance = float(np.linalg.norm(away))
    amount = min(_MAX_LEAN, max(0.0, (distance - _FULL_REACH) * _LEAN_PER_METER))
    x, y = away / distance * amount
    return float(x), float(y)


def posture(position: npt.ArrayLike, yaw: float = REST_YAW) -> F64:
    """Return the Euler angles with which the gripper works at a place."""
    return pointing_down(yaw, lean=lean_at(position))


def travel(arm: Arm, position: npt.ArrayLike, euler: npt.ArrayLike | None = None) -> Motion:
    """Go to a place over safe ground: up, across, and to just there.

    The last stretch, from above, is the caller's.
    """
    goal = np.asarray(position, dtype=np.float64)
    height = max(SAFE_HEIGHT, float(goal[2]))
    if arm.position[2] < height - 0.005:
        yield from arm.move([*arm.position[:2], height])
    angles = posture(goal) if euler is None else euler
    yield from arm.move([goal[0], goal[1], height], angles)
    yield from arm.move(goal, angles, settle=4)


def withdraw(arm: Arm, *, keep: bool = False) -> Motion:
    """Leave whatever the last task was about: let go (unless ``keep``) and rise to safety."""
    held = arm.view.held
    if held is not None and not keep and _hangs(arm.view, held):
        yield from put_down(arm, held)
    elif not keep and (arm.gripper != OPEN or arm.view.opening < 0.07):
        yield from arm.grip(OPEN)
    if _at_switch(arm.view):
        yield from arm.move([arm.view.position[0], _FRONT, arm.view.position[2]])
    yield from _rise(arm)


def _rise(arm: Arm) -> Motion:
    inside = arm.view.position[1] > 0.02
    x, y, z = arm.position
    height = SHELF_HEIGHT if inside else SAFE_HEIGHT
    if z < height:
        yield from arm.move([x, y, height])
    if inside:
        yield from arm.move([x, _FRONT, height])


def _at_switch(view: SceneView) -> bool:
    """Whether the gripper is where straight up could mean against the switch."""
    x, y, z = view.position
    return bool(abs(x - view.facts.switch_x) < 0.13 and y > -0.06 and z < 0.63)


def _hangs(view: SceneView, held: Block) -> bool:
    """Whether a held block is above everything that it could lie on."""
    below = [TABLE_TOP] + [
        other.top for other in view.others(held.color) if other.distance_to(held.position) < 0.03
    ]
    bottom = 2 * held.position[2] - held.top
    supports = [top for top in below if top < bottom + _LIFTED]
    return bool(bottom - max(supports, default=0.0) > _LIFTED) and not held.in_drawer


def put_down(arm: Arm, held: Block) -> Motion:
    """Lay a held block onto the table, away from everything else."""
    spot = free_spot(arm.view, held)
    offset = arm.view.position - held.position
    goal = np.array([*spot, BLOCK_HEIGHT + 0.005]) + offset
    yield from travel(arm, [goal[0], goal[1], SAFE_HEIGHT])
    yield from arm.move(goal, settle=4)
    yield from arm.grip(OPEN)


def free_spot(view: SceneView, held: Block) -> tuple[float, float]:
    """Return the place on the table, x and y, that is farthest from everything else."""
    others = view.others(held.color)
    spots = [(x, y) for x in np.arange(-0.3, 0.33, 0.03) for y in (-0.06, -0.09, -0.12)]

    def clearance(spot: tuple[float, float]) -> float:
        point = np.array([*spot, TABLE_TOP])
        distances = [other.distance_to(point) for other in others]
        button = float(np.linalg.norm(point[:2] - np.array(view.facts.button))) - 0.03
        effort = 0.1 * float(np.linalg.norm(point[:2] - view.position[:2]))
        return min([0.15, button, *distances]) - effort

    x, y = max(spots, key=clearance)
    return float(x), float(y)
