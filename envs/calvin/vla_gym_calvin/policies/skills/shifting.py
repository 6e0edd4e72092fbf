"""Moving blocks about on the table: pushing, turning, and over the edge into the drawer."""

from __future__ import annotations

import math

import numpy as np

from vla_gym_calvin.facts import BLOCK_HEIGHT
from vla_gym_calvin.policies.arm import CLOSED, OPEN, Arm, Motion
from vla_gym_calvin.policies.grasping import take
from vla_gym_calvin.policies.poses import raised
from vla_gym_calvin.policies.reach import SAFE_HEIGHT, posture, travel
from vla_gym_calvin.policies.scene_view import DRAWER_HALF_WIDTH, Block

_TRAVEL = 0.13  # m that a block is pushed; 10 cm count
_BESIDE = 0.05  # m between block and closed fingers before the push
_TURN = math.radians(78)
_EDGE_Y = -0.25  # y over the open drawer where a block is let go
_CARRY = 0.045  # m above the table when a block is carried over obstacles


def push(arm: Arm, *, color: str, sign: int) -> Motion:
    """Push a block to the right (+1) or left (-1); carry it where something is in the way."""
    block = arm.view.blocks[color]
    if _path_is_clear(arm, block, sign):
        yield from _push(arm, block, sign)
    else:
        yield from _carry(arm, block, sign)


def _push(arm: Arm, block: Block, sign: int) -> Motion:
    half = float(np.abs(block.rotation[0]) @ block.size) / 2
    x, y, _ = block.position
    begin = np.array([x - sign * (half + _BESIDE), y, BLOCK_HEIGHT])
    end = np.array([x + sign * (_TRAVEL - half - 0.01), y, BLOCK_HEIGHT])
    arm.gripper = CLOSED
    yield from travel(arm, [*begin[:2], BLOCK_HEIGHT + 0.07], posture(begin))
    yield from arm.move(begin, posture(begin), settle=6)
    yield from arm.move(end, posture(end), speed=0.6, settle=8)
    yield from arm.move([end[0] - sign * 0.02, y, BLOCK_HEIGHT])
    yield from arm.move([end[0] - sign * 0.02, y, SAFE_HEIGHT])


def _path_is_clear(arm: Arm, block: Block, sign: int) -> bool:
    """Whether neither fingers nor block meet anything, and both stay within reach."""
    view = arm.view
    x, y, _ = block.position
    button = np.array([*view.facts.button, BLOCK_HEIGHT])
    stops = [x + sign * way for way in np.arange(-0.08, _TRAVEL + 0.05, 0.02)]
    for stop in stops:
        point = np.array([stop, y, BLOCK_HEIGHT])
        near = [other.distance_to(point) for other in view.others(block.color)]
        if min(near) < 0.035 or float(np.abs(point - button).max()) < 0.065:
            return False
    return bool(max(stops) < 0.42 and min(stops) > -0.42 and y < -0.01)


def _carry(arm: Arm, block: Block, sign: int) -> Motion:
    """Take the block, set it down farther on, and let go."""
    yield from take(arm, block)
    x, y = _landing(arm, block, sign)
    shift = np.array([x, y, 0.0]) - [*block.position[:2], 0.0]
    low = raised(arm.position, 0.004)
    yield from arm.move(raised(low, _CARRY))
    yield from arm.move(raised(low + shift, _CARRY), speed=0.8, settle=4)
    yield from arm.move(low + shift, speed=0.6, settle=6)
    yield from arm.grip(OPEN)
    yield from arm.move([*arm.position[:2], SAFE_HEIGHT])


def _landing(arm: Arm, block: Block, sign: int) -> tuple[float, float]:
    """Return the nearest free place at least far enough to one side."""
    view = arm.view
    others = view.others(block.color)
    button = np.array(view.facts.button)
    x0, y0, _ = block.position
    best, cost = (x0 + sign * _TRAVEL, y0), math.inf
    for way in np.arange(_TRAVEL, 0.4, 0.02):
        for y in (y0, -0.05, -0.08, -0.11, -0.14):
            x = x0 + sign * way
            point = np.array([x, y, BLOCK_HEIGHT])
            room = min(other.distance_to(point) for other in others) - 0.06
            room = min(room, float(np.abs(point[:2] - button).max()) - 0.09, 0.37 - abs(x))
            price = way + abs(y - y0) + 10 * max(0.0, -room)
            if price < cost:
                best, cost = (float(x), float(y)), price
    return best


def rotate(arm: Arm, *, color: str, sign: int) -> Motion:
    """Turn a block about the vertical, anticlockwise for +1."""
    block = arm.view.blocks[color]
    turn = sign * _TURN
    yield from take(arm, block, turn=turn)
    low = arm.position
    up = raised(low, 0.012)
    yield from arm.move(up)
    yield from arm.move(up, arm.euler + np.array([0.0, 0.0, turn]), settle=4)
    yield from arm.move(low, speed=0.6, settle=4)
    yield from arm.grip(OPEN)
    yield from arm.move([*low[:2], SAFE_HEIGHT])


def push_into_drawer(arm: Arm) -> Motion:
    """Pull a block over the edge of the table so that it falls into the open drawer."""
    view = arm.view
    block = min(
        (block for block in view.blocks.values() if block.on_table),
        key=lambda block: abs(float(block.position[0]) - view.facts.drawer_x),
        default=next(iter(view.blocks.values())),
    )
    middle = view.facts.drawer_x
    reach = DRAWER_HALF_WIDTH - 0.08
    x = min(max(float(block.position[0]), middle - reach), middle + reach)
    front, back = view.drawer_inside
    yield from take(arm, block)
    z = arm.position[2]
    yield from arm.move([x, float(block.position[1]), z + 0.003], speed=0.8)
    y = max(_EDGE_Y, (front + back) / 2 - 0.01)
    yield from arm.move([x, y, z + 0.003], posture([x, y], float(arm.euler[2])), speed=0.8)
    yield from arm.move([x, y, 0.4], speed=0.8, settle=4)
    yield from arm.grip(OPEN)
    yield from arm.move([x, y, SAFE_HEIGHT])
