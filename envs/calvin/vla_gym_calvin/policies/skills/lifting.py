"""Taking blocks up: from the table, the shelf, the drawer, and off one another."""

from __future__ import annotations

from vla_gym_calvin.policies.arm import Arm, Motion
from vla_gym_calvin.policies.grasping import take
from vla_gym_calvin.policies.reach import SAFE_HEIGHT, SHELF_HEIGHT
from vla_gym_calvin.policies.skills.doors import clear_shelf, open_drawer

_DRAWER_WIDE_ENOUGH = 0.1  # m


def lift(arm: Arm, *, color: str) -> Motion:
    """Take a block up from wherever it lies, making it reachable first."""
    block = arm.view.blocks[color]
    if block.on_shelf:
        yield from clear_shelf(arm, block.position[0])
    elif block.in_drawer and arm.view.drawer < _DRAWER_WIDE_ENOUGH:
        yield from open_drawer(arm)
    block = arm.view.blocks[color]
    yield from take(arm, block)
    x, y = arm.position[:2]
    height = SHELF_HEIGHT if block.on_shelf else SAFE_HEIGHT
    yield from arm.move([x, y, height], speed=0.8, settle=4)


def unstack(arm: Arm) -> Motion:
    """Take the upper block off the lower one.

    The task is done as soon as the two part, with the block still in hand.
    """
    top = max(arm.view.blocks.values(), key=lambda block: float(block.position[2]))
    yield from lift(arm, color=top.color)
