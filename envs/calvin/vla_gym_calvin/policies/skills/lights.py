"""The button of the LED and the switch of the lightbulb."""

from __future__ import annotations

import numpy as np

from vla_gym_calvin.facts import TABLE_TOP
from vla_gym_calvin.policies.arm import CLOSED, Arm, Motion
from vla_gym_calvin.policies.grasping import take
from vla_gym_calvin.policies.poses import pointing_down
from vla_gym_calvin.policies.reach import REST_YAW, SAFE_HEIGHT, posture, put_down, travel

_BUTTON_TOP = 0.487
_PRESSED = _BUTTON_TOP - 0.022  # beyond the trigger, which is 1 cm down
_BUTTON_ROOM = 0.07  # m around the button that the closed hand needs
_LEAN = 0.5  # rad; upright, the arm does not reach the switch
_UNDER = ((-0.045, 0.51), (0.065, 0.565))  # y, z: the way that lifts the switch
_OVER = ((-0.02, 0.66), (0.07, 0.66), (0.095, 0.62), (0.05, 0.55))  # the way that lowers it


def press_button(arm: Arm, *, on: bool) -> Motion:
    """Press the button until the LED is as wanted (a press can be without effect)."""
    yield from _clear_button(arm)
    x, y = arm.view.facts.button
    euler = posture([x, y])
    arm.gripper = CLOSED
    yield from travel(arm, [x, y, _BUTTON_TOP + 0.03], euler)
    for _ in range(3):
        yield from arm.move([x, y, _PRESSED - 0.01], euler, settle=6)
        yield from arm.move([x, y, _BUTTON_TOP + 0.03], euler, settle=4)
        if arm.view.led == on:
            break
    yield from arm.move([x, y, SAFE_HEIGHT])


def _clear_button(arm: Arm) -> Motion:
    """Take away a block that lies on the button or too close to it."""
    button = np.array([*arm.view.facts.button, TABLE_TOP])
    for block in list(arm.view.blocks.values()):
        if block.distance_to(button) < _BUTTON_ROOM / 2:
            yield from take(arm, block)
            yield from arm.move([*arm.position[:2], SAFE_HEIGHT])
            yield from put_down(arm, arm.view.blocks[block.color])
            yield from arm.move([*arm.position[:2], SAFE_HEIGHT])


def switch_bulb(arm: Arm, *, on: bool) -> Motion:
    """Lift the bar of the switch from below, or push it down from above."""
    x = arm.view.facts.switch_x
    way = _UNDER if on else _OVER
    lean = (_LEAN, 0.0) if x > 0 else (0.0, 0.3)
    euler = pointing_down(REST_YAW, lean=lean)
    arm.gripper = CLOSED
    yield from travel(arm, [x, -0.09, max(SAFE_HEIGHT, way[0][1])], euler)
    for y, z in way[:-1]:
        yield from arm.move([x, y, z], euler, settle=4)
    y, z = way[-1]
    yield from arm.move([x, y, z], euler, speed=0.6, settle=8)
    yield from arm.move([x, -0.07, z + 0.02 * on], euler)
    yield from arm.move([x, -0.09, SAFE_HEIGHT], euler)
