"""Choosing how to take hold of a block."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vla_gym_calvin.policies.arm import CLOSED, OPEN, Arm, Motion
from vla_gym_calvin.policies.poses import F64, nearest_turn, pointing_down
from vla_gym_calvin.policies.reach import REST_YAW, SAFE_HEIGHT, SHELF_HEIGHT, lean_at, travel
from vla_gym_calvin.policies.scene_view import Block, SceneView

APPROACH = 0.07  # m above the grasp at which the gripper turns to it
SHELF_LEAN = 0.35  # towards the back of the shelf, so that the hand stays in front of the roof
_MAX_WIDTH = 0.06  # what fits between the fingers with some room
_FINGER = 0.048  # middle of an open finger from the tool centre point
_FINGER_ROOM = 0.016  # a finger needs this much around its middle
_YAW_RANGE = (-0.7, 4.2)  # rad: within reach of the wrist everywhere on the table
_STEEP = 0.5  # an axis with a greater vertical part cannot be gripped across


@dataclass(frozen=True)
class Grasp:
    """A pose of the gripper around a block.

    Attributes:
        position: Of the tool centre point, ``(3,)``.
        yaw: Of the gripper.
        euler: All its angles.
    """

    position: F64
    yaw: float
    euler: F64


def choose_grasp(view: SceneView, block: Block, *, turn: float = 0.0) -> Grasp:
    """Return the grasp with the most room for the fingers.

    Args:
        view: The scene.
        block: What to take.
        turn: By how much the gripper is going to turn afterwards, rad.
    """
    candidates = list(_candidates(view, block, turn))
    return max(candidates, key=lambda item: item[0])[1]


def _candidates(view: SceneView, block: Block, turn: float) -> Iterator[tuple[float, Grasp]]:
    lean = (0.0, SHELF_LEAN) if block.on_shelf else lean_at(block.position)
    for axis in range(3):
        direction = block.rotation[:, axis]
        if abs(direction[2]) > _STEEP or block.size[axis] > _MAX_WIDTH:
            continue
        for shift in _shifts(block, axis):
            position = block.position + shift
            for yaw in _yaws(direction, turn):
                room = finger_room(view, block, position, yaw)
                effort = 0.01 * abs(yaw + turn / 2 - REST_YAW) + 0.1 * float(np.linalg.norm(shift))
                wide = 0.01 * (block.size[axis] > 0.045)
                grasp = Grasp(position, yaw, pointing_down(yaw, lean=lean))
                yield min(room, 0.03) - effort - wide, grasp


def _shifts(block: Block, axis: int) -> Sequence[F64]:
    """Return offsets along the block's length at which it can be gripped across ``axis``."""
    slack = block.size[0] / 2 - 0.02
    if axis == 0 or slack < 0.005:
        return [np.zeros(3)]
    return [block.rotation[:, 0] * share * slack for share in (0.0, -0.6, 0.6, -1.0, 1.0)]


def _yaws(direction: F64, turn: float) -> list[float]:
    """Return the yaws at which the fingers close along a direction and may turn afterwards."""
    across = math.atan2(direction[1], direction[0]) + math.pi / 2
    nearest = nearest_turn(across, REST_YAW - turn / 2, period=math.pi)
    options = (nearest - math.pi, nearest, nearest + math.pi)
    low, high = _YAW_RANGE
    good = [yaw for yaw in options if low < yaw < high and low < yaw + turn < high]
    return good or [nearest]


def finger_room(view: SceneView, block: Block, position: F64, yaw: float) -> float:
    """Return how much room the open fingers have around ``position`` (negative: they collide)."""
    along = np.array([math.sin(yaw), -math.cos(yaw), 0.0]) * _FINGER
    obstacles = [other for other in view.others(block.color) if other.top > position[2] - 0.015]
    distances = [
        other.distance_to(position + sign * along)
        for other, sign in itertools.product(obstacles, (-1.0, 1.0))
    ]
    return min([*distances, *_walls(view, block, position, along)], default=1.0) - _FINGER_ROOM


def _walls(view: SceneView, block: Block, position: F64, along: F64) -> list[float]:
    """Return the distances of the fingers to the walls around a block."""
    if not block.in_drawer:
        return []
    front, back = view.drawer_inside
    tips = [position[1] - abs(along[1]), position[1] + abs(along[1])]
    return [max(0.0, tips[0] - front), max(0.0, back - tips[1])]


def take(arm: Arm, block: Block, *, turn: float = 0.0) -> Motion:
    """Go to a block with open fingers and close them around it."""
    grasp = choose_grasp(arm.view, block, turn=turn)
    above = SHELF_HEIGHT if block.on_shelf else min(SAFE_HEIGHT, grasp.position[2] + APPROACH)
    arm.gripper = OPEN
    yield from travel(arm, [*grasp.position[:2], above], grasp.euler)
    yield from arm.move(grasp.position, grasp.euler, speed=0.8, settle=6)
    yield from arm.grip(CLOSED)
