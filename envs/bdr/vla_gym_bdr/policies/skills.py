"""How the scripted expert reaches each goal: motions planned on the ground truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from vla_gym_sapien.poses import F64, Pose, multiply_quaternions, rotate, rotation_vector_quaternion

from vla_gym_bdr import facts
from vla_gym_bdr.objects import OBJECTS
from vla_gym_bdr.objects.fixtures import FIXTURES
from vla_gym_bdr.policies.hand import Hand, Motion, nearest

_UP = np.array([0.0, 0.0, 1.0])
_ABOVE = 0.11  # m, above a grip before going down
_CARRY = 0.30  # m, height at which things are carried over others
_SLANT = np.radians(65.0)  # of the tool at handles, below the horizontal
_ATTEMPTS = 3
_FINGER = 0.055  # m, from the middle of an open gripper to its fingers
_TURNS = np.radians([0.0, 30.0, -30.0, 60.0, -60.0])


def pick(hand: Hand) -> Motion:
    """Take the object and hold it up."""
    yield from _take(hand, hand.scene["subject"])
    yield from hand.move_by(0.12 * _UP, limit=20, speed=0.5)
    yield from hand.wait(400)


def place(hand: Hand) -> Motion:
    """Take the object, carry it over the target, let it go there."""
    subject, target = hand.scene["subject"], hand.scene["target"]
    yield from _take(hand, subject)
    yield from hand.move_by((_CARRY - hand.position[2]) * _UP, limit=25, speed=0.6)
    if target in OBJECTS and target != "cutting_board":
        yield from _turn_along(hand, subject, target)
    goal, floor = _level(hand, target)
    offset = _middle(hand, subject) - hand.position
    yield from hand.move((*(goal - offset)[:2], _CARRY), speed=0.6)
    offset = _middle(hand, subject) - hand.position
    lowest = _lowest(hand, subject)
    down = hand.position[2] - (lowest - floor) + 0.012
    yield from hand.move((*(goal - offset)[:2], down), limit=40, speed=0.4)
    yield from hand.grip(1.0, 6)
    yield from hand.move_by(0.12 * _UP, limit=20, speed=0.6)
    yield from hand.wait(400)


def pour(hand: Hand) -> Motion:
    """Take the shaker and turn it over above the target."""
    subject, target = hand.scene["subject"], hand.scene["target"]
    yield from _take(hand, subject)
    yield from hand.move_by((_CARRY - hand.position[2]) * _UP, limit=25, speed=0.5)
    goal = hand.pose_of(target).p
    yield from hand.move((goal[0], goal[1] + 0.05, _CARRY), speed=0.5)
    tilt = rotation_vector_quaternion(np.array([np.radians(118.0), 0.0, 0.0]))
    hand.rotation = multiply_quaternions(tilt, hand.rotation)
    for _ in range(60):
        mouth = hand.pose_of(subject).apply(np.array([0.0, 0.0, OBJECTS[subject].mouth or 0.0]))
        shift = (goal - mouth) * np.array([1.0, 1.0, 0.0])
        yield _step(hand, hand.move(hand.position + shift, limit=1, speed=0.5))
    yield from hand.wait(400)


def press(hand: Hand) -> Motion:
    """Push the lever down with closed fingers."""
    name = hand.scene["subject"]
    yield from hand.grip(-1.0, 6)
    above = _handle(hand, name, 0.0) + 0.075 * _UP
    yield from hand.move(above)
    yield from hand.move(above - 0.13 * _UP, limit=40, speed=0.4)
    yield from hand.wait(400)


def open_joint(hand: Hand) -> Motion:
    """Take the handle and follow its way until the joint is open."""
    yield from _take_handle(hand)
    yield from _follow(hand, 1.0)


def close_joint(hand: Hand) -> Motion:
    """Take the handle and follow its way until the joint is closed."""
    yield from _take_handle(hand)
    yield from _follow(hand, 0.0)


def _take(hand: Hand, name: str) -> Motion:
    """Go above the grip, down to it, and close; again if nothing is between the fingers."""
    grip = OBJECTS[name].grip
    assert grip is not None
    for _ in range(_ATTEMPTS):
        hand.rotation = hand.down(_grip_turn(hand, name))
        yield from hand.move(_grip(hand, name) + _ABOVE * _UP)
        yield from hand.move(_grip(hand, name), limit=40, speed=0.4)
        yield from hand.grip(-1.0, 9)
        if hand.opening * facts.STROKE > 0.4 * grip.width:
            return
        yield from hand.grip(1.0, 6)


def _grip(hand: Hand, name: str) -> F64:
    """Return where to take an object, within reach of the tool."""
    grip = OBJECTS[name].grip
    assert grip is not None
    place = hand.pose_of(name).apply(np.array(grip.at))
    return np.maximum(place, facts.WORKSPACE_LOW)


def _grip_turn(hand: Hand, name: str) -> float:
    """Return the turn of the tool about the vertical: across the object, clear of others."""
    grip = OBJECTS[name].grip
    assert grip is not None
    if grip.any_turn:
        return float(
            min(_TURNS, key=lambda turn: _crowd(hand, name, float(turn)) + 0.01 * abs(turn))
        )
    across = rotate(hand.pose_of(name).q, np.array([1.0, 0.0, 0.0]))
    return nearest(float(np.arctan2(across[1], across[0])), np.pi)


def _crowd(hand: Hand, name: str, turn: float) -> float:
    """Return how much the open fingers would be in the way of other things."""
    middle = _grip(hand, name)
    side = np.array([-np.sin(turn), np.cos(turn)]) * _FINGER
    fingers = [middle[:2] + side, middle[:2] - side]
    return sum(
        max(0.0, reach + 0.03 - float(np.linalg.norm(finger - at)))
        for other, at, reach in _others(hand, name)
        for finger in fingers
    )


def _others(hand: Hand, name: str) -> Iterator[tuple[str, F64, float]]:
    """Yield the other things that stand as high as the grip: name, place, radius."""
    for key in hand.state:
        kind, _, other = key.partition(":")
        if kind == "object" and other != name and OBJECTS[other].rest is None:
            yield other, hand.pose_of(other).p[:2], max(OBJECTS[other].half)


def _turn_along(hand: Hand, subject: str, target: str) -> Motion:
    """Turn a long object along the longer side of where it goes."""
    along = rotate(hand.pose_of(target).q, np.array([1.0, 0.0, 0.0]))
    present = rotate(hand.pose_of(subject).q, np.array([1.0, 0.0, 0.0]))
    angle = np.arctan2(along[1], along[0]) - np.arctan2(present[1], present[0])
    if OBJECTS[subject].half[0] < 1.3 * OBJECTS[subject].half[1]:
        return
    turn = rotation_vector_quaternion(np.array([0.0, 0.0, nearest(float(angle), np.pi)]))
    yield from hand.turn_to(multiply_quaternions(turn, hand.rotation))


def _level(hand: Hand, target: str) -> tuple[F64, float]:
    """Return the middle of the level that something is put on, and its height."""
    if target in FIXTURES:
        fixture = FIXTURES[target]
        assert fixture.rest is not None
        part = fixture.part_pose(_base(hand, target), float(hand.state[f"joint:{target}"][0]))
        goal = part.apply(np.array([0.085, 0.0, fixture.rest.height]))
        return goal, float(goal[2])
    rest = OBJECTS[target].rest
    assert rest is not None
    goal = hand.pose_of(target).apply(np.array([0.0, 0.0, rest.height]))
    return goal, float(goal[2])


def _middle(hand: Hand, name: str) -> F64:
    low, high = OBJECTS[name].bounds
    return hand.pose_of(name).apply((low + high) / 2)


def _lowest(hand: Hand, name: str) -> float:
    """Return the height of the lowest corner of an object's box."""
    bounds = OBJECTS[name].bounds
    corners = np.array(
        [[x, y, z] for x in bounds[:, 0] for y in bounds[:, 1] for z in bounds[:, 2]]
    )
    return float(hand.pose_of(name).apply(corners)[:, 2].min())


def _base(hand: Hand, name: str) -> Pose:
    return Pose.from_array(hand.state[f"base:{name}"])


def _handle(hand: Hand, name: str, joint: float) -> F64:
    return FIXTURES[name].handle_at(_base(hand, name), joint)


def _take_handle(hand: Hand) -> Motion:
    name = hand.scene["subject"]
    hand.rotation = hand.slanted(_SLANT)
    handle = _handle(hand, name, float(hand.state[f"joint:{name}"][0]))
    back = np.array([-np.cos(_SLANT), 0.0, np.sin(_SLANT)])
    yield from hand.move(handle + 0.12 * back)
    yield from hand.move(handle, limit=40, speed=0.4)
    yield from hand.grip(-1.0, 9)


def _follow(hand: Hand, share: float) -> Motion:
    """Lead the handle along its way."""
    name = hand.scene["subject"]
    fixture = FIXTURES[name]
    held = hand.position - _handle(hand, name, float(hand.state[f"joint:{name}"][0]))
    joint = float(hand.state[f"joint:{name}"][0])
    step = fixture.joint.reach / 30.0 * (1.0 if share > 0.5 else -1.0)
    while True:
        joint = float(np.clip(joint + step, 0.0, fixture.joint.reach))
        yield _step(hand, hand.move(_handle(hand, name, joint) + held, limit=1))


def _step(hand: Hand, motion: Motion) -> F64:
    """Return the next action of a motion, or one that stays."""
    action = next(motion, None)
    return next(hand.wait(1)) if action is None else action


SKILLS: dict[str, Callable[[Hand], Motion]] = {
    "picked": pick,
    "placed": place,
    "poured": pour,
    "pressed": press,
    "opened": open_joint,
    "closed": close_joint,
}
