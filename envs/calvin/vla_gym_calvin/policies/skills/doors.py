"""The sliding door and the drawer."""

from __future__ import annotations

import numpy as np

from vla_gym_calvin.facts import DRAWER_LIMIT
from vla_gym_calvin.policies.arm import CLOSED, Arm, Motion
from vla_gym_calvin.policies.poses import pointing_down
from vla_gym_calvin.policies.reach import REST_YAW, SAFE_HEIGHT, posture, travel, withdraw
from vla_gym_calvin.policies.scene_view import DOOR_HALF_WIDTH

_HANDLE = (-0.012, 0.53)  # y, z at which the door's handle is pushed
_BESIDE = 0.075  # m between gripper and the middle of the handle before it is pushed
_CONTACT = 0.03  # m between their middles while it is pushed
_GRASP_ROOM = 0.1  # half of the width that the hand needs in the opening
_HOOK = (-0.212, 0.365)  # y, z behind the bar of the closed drawer's handle
_BAR = -0.30  # y in front of the bar of the closed drawer's handle
_PUSH_TO = -0.262  # y at which the gripper has pushed the drawer shut


def move_slider(arm: Arm, *, side: str) -> Motion:
    """Push the sliding door to the left or right end by its handle."""
    target = arm.view.facts.slide_limit if side == "left" else 0.0
    yield from slide_to(arm, target)


def slide_to(arm: Arm, target: float) -> Motion:
    """Push the sliding door until its joint is at ``target``."""
    view = arm.view
    sign = 1 if target < view.slide else -1  # the joint moves the door towards -x
    y, z = _HANDLE
    begin = np.array([view.door_x - sign * _BESIDE, y, z])
    arm.gripper = CLOSED
    yield from travel(arm, [begin[0], -0.07, SAFE_HEIGHT])
    yield from arm.move([begin[0], -0.07, z], posture(begin))
    yield from arm.move(begin, posture(begin), settle=6)
    handle_end = view.door_x + view.slide - target
    end = np.array([handle_end - sign * (_CONTACT - 0.02), y, z])
    yield from arm.move(end, posture(end), speed=0.7, settle=6)
    yield from arm.move([end[0] - sign * 0.03, y - 0.08, z])
    yield from arm.move([end[0] - sign * 0.03, y - 0.08, SAFE_HEIGHT])


def clear_shelf(arm: Arm, x: float) -> Motion:
    """Push the door aside if it covers the place ``x`` of the shelf."""
    view = arm.view
    if abs(view.door_x - x) > DOOR_HALF_WIDTH + _GRASP_ROOM:
        return
    middle = view.facts.slide_x - view.facts.slide_limit / 2 + 0.14
    target = view.facts.slide_limit if x > middle else 0.0
    if abs(view.slide - target) < 0.01:
        return
    yield from slide_to(arm, target)
    yield from withdraw(arm)


def open_drawer(arm: Arm) -> Motion:
    """Hook closed fingers behind the bar of the handle and pull."""
    view = arm.view
    x, z = view.facts.drawer_x, _HOOK[1]
    y = _HOOK[0] - view.drawer
    arm.gripper = CLOSED
    yield from travel(arm, [x, y, SAFE_HEIGHT - 0.06], pointing_down(REST_YAW))
    yield from arm.move([x, y, z], settle=6)
    yield from arm.move([x, _HOOK[0] - DRAWER_LIMIT - 0.01, z], speed=0.8, settle=6)
    yield from arm.move([x, arm.position[1] + 0.01, z])
    yield from arm.move([x, arm.position[1], SAFE_HEIGHT])


def close_drawer(arm: Arm) -> Motion:
    """Push the drawer shut from the front."""
    view = arm.view
    x = view.facts.drawer_x
    y = _BAR - view.drawer - 0.02
    arm.gripper = CLOSED
    yield from travel(arm, [x, y, SAFE_HEIGHT - 0.06], pointing_down(REST_YAW))
    yield from arm.move([x, y, _HOOK[1]], settle=6)
    yield from arm.move([x, _PUSH_TO, _HOOK[1]], speed=0.8, settle=6)
    yield from arm.move([x, _PUSH_TO - 0.03, _HOOK[1]])
    yield from arm.move([x, arm.position[1], SAFE_HEIGHT])
