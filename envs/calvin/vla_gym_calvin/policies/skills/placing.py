"""Putting a held block somewhere: on the shelf, into the drawer, onto another block."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from vla_gym_calvin.facts import BLOCK_WIDTH
from vla_gym_calvin.policies.arm import OPEN, Arm, Motion
from vla_gym_calvin.policies.grasping import SHELF_LEAN
from vla_gym_calvin.policies.poses import F64, pointing_down
from vla_gym_calvin.policies.reach import (
    REST_YAW,
    SAFE_HEIGHT,
    SHELF_HEIGHT,
    posture,
    travel,
)
from vla_gym_calvin.policies.scene_view import DOOR_HALF_WIDTH, Block
from vla_gym_calvin.policies.skills.lifting import lift

_SHELF_Y = 0.085
_SHELF_Z = 0.461
_DRAWER_Z = 0.375
_DROP = 0.006  # m above its resting place at which a block is let go
_MARGIN = 0.07  # m from the ends of the shelf


def place_in_slider(arm: Arm) -> Motion:
    """Put the held block onto the shelf, where the door leaves it open."""
    held = yield from in_hand(arm)
    x = shelf_spot(arm, held)
    euler = pointing_down(REST_YAW, lean=(0.0, SHELF_LEAN))
    offset = arm.view.position - held.position
    goal = np.array([x, _SHELF_Y, _SHELF_Z + _DROP + offset[2]])
    yield from _rise(arm, SHELF_HEIGHT)
    yield from travel(arm, [x, -0.09, SHELF_HEIGHT], euler)
    yield from arm.move([x, goal[1], SHELF_HEIGHT], euler)
    yield from arm.move(goal, euler, speed=0.8, settle=6)
    yield from _release(arm)


def shelf_spot(arm: Arm, held: Block) -> float:
    """Return the x on the open part of the shelf that is farthest from other blocks."""
    view = arm.view
    low, high = view.facts.plank_x[0] + _MARGIN, view.facts.plank_x[1] - _MARGIN
    candidates = [
        x for x in np.arange(low, high, 0.01) if abs(x - view.door_x) > DOOR_HALF_WIDTH + 0.05
    ]
    others = [other for other in view.others(held.color) if other.on_shelf]

    def room(x: float) -> float:
        gaps = [abs(x - float(other.position[0])) for other in others]
        return min([0.1, *gaps]) + 0.2 * min(abs(x - view.door_x), 0.3)

    return float(max(candidates, key=room, default=(low + high) / 2))


def place_in_drawer(arm: Arm) -> Motion:
    """Lower the held block into the open drawer."""
    held = yield from in_hand(arm)
    x, y = drawer_spot(arm, held)
    offset = arm.view.position - held.position
    goal = np.array([x, y, _DRAWER_Z + _DROP + offset[2]])
    yield from _rise(arm, SAFE_HEIGHT)
    yield from travel(arm, [x, y, SAFE_HEIGHT - 0.08], pointing_down(REST_YAW))
    yield from arm.move(goal, speed=0.8, settle=6)
    yield from _release(arm)


def drawer_spot(arm: Arm, held: Block) -> tuple[float, float]:
    """Return the x, y inside the drawer that is farthest from other blocks."""
    view = arm.view
    front, back = view.drawer_inside
    y = (front + back) / 2 - 0.005
    others = [other for other in view.others(held.color) if other.in_drawer]
    spots = [(view.facts.drawer_x + dx, y) for dx in (-0.03, 0.06, -0.1, 0.12)]

    def room(spot: tuple[float, float]) -> float:
        point = np.array([*spot, _DRAWER_Z])
        return min([0.1, *(other.distance_to(point) for other in others)])

    return max(spots, key=room)


def stack(arm: Arm) -> Motion:
    """Put the held block onto another one on the table."""
    held = yield from in_hand(arm)
    base = _base_for(arm, held)
    yield from _rise(arm, SAFE_HEIGHT)
    offset = arm.view.position - arm.view.blocks[held.color].position
    yaw = float(arm.euler[2])
    above = np.array([base.position[0], base.position[1], base.top + BLOCK_WIDTH / 2 + _DROP])
    goal = above + offset
    euler = posture(goal, yaw)
    yield from travel(arm, [goal[0], goal[1], SAFE_HEIGHT], euler)
    yield from arm.move(_over(arm, base, held), euler, speed=0.6, settle=8)
    yield from _release(arm)


def _over(arm: Arm, base: Block, held: Block) -> F64:
    """Return where the gripper is when the held block is right over the base, as measured now."""
    now = arm.view.blocks[held.color]
    shift = np.array([*(base.position[:2] - now.position[:2]), 0.0])
    shift[2] = base.top + BLOCK_WIDTH / 2 + _DROP - now.position[2]
    return np.asarray(arm.view.position + shift)


def _base_for(arm: Arm, held: Block) -> Block:
    """Return the block to stack on: on the table, and the closest of these."""
    others = arm.view.others(held.color)
    return min(
        [other for other in others if other.on_table] or others,
        key=lambda other: float(np.linalg.norm(other.position - held.position)),
    )


def in_hand(arm: Arm) -> Generator[F64, None, Block]:
    """Return the held block, taking up the nearest one first if the hand is empty."""
    held = arm.view.held
    if held is None:
        nearest = min(
            arm.view.blocks.values(),
            key=lambda block: float(np.linalg.norm(block.position - arm.view.position)),
        )
        yield from lift(arm, color=nearest.color)
        held = arm.view.blocks[nearest.color]
    return held


def _rise(arm: Arm, height: float) -> Motion:
    """Straight up, and out of the shelf, before anything else."""
    x, y, z = arm.position
    if z < height:
        yield from arm.move([x, y, height])
    if y > 0.0:
        yield from arm.move([x, -0.09, height])


def _release(arm: Arm) -> Motion:
    yield from arm.grip(OPEN)
    x, y, z = arm.position
    yield from arm.move([x, y, z + 0.1], speed=0.8)
