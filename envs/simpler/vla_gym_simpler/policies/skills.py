"""How the scripted expert does each task: motions planned on the ground truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from vla_gym_sapien.poses import F64, rotate

from vla_gym_simpler.facts.objects import OBJECTS
from vla_gym_simpler.policies import drawers
from vla_gym_simpler.policies.hand import Hand, Motion, nearest, yaw_of
from vla_gym_simpler.tasks import PUT_ON

_UP = np.array([0.0, 0.0, 1.0])
_X = np.array([1.0, 0.0, 0.0])

# WidowX: where to take an object, in its own frame (m), and how it may be turned (rad).
_GRIPS: dict[str, tuple[tuple[float, float, float], float]] = {
    "bridge_spoon_generated_modified": ((0.044, 0.0, 0.0), np.pi),
    "bridge_carrot_generated_modified": ((0.0, 0.0, 0.0), np.pi),
    "baked_green_cube_3cm": ((0.0, 0.0, 0.0), np.pi / 2),
    "eggplant": ((0.0, 0.0, 0.0), np.pi),
}
_WIDOWX_ABOVE = 0.005  # m, hand above the point it grips
_APPLE_PLACE = np.array([0.21, 0.0, 0.0])  # m, in the drawer's frame
_PLACE_GAP = 0.008  # m, from which an object is dropped onto the target


def put_on(hand: Hand) -> Motion:
    """WidowX: take the source, carry it over the target, set it down."""
    task = PUT_ON[hand.scene["task"]]
    source, target = task.rule.source, task.rule.target
    sink = task.arena == "sink"
    point, period = _GRIPS[source]
    pose = hand.pose_of(source)
    place = pose.apply(np.array(point)) + _WIDOWX_ABOVE * _UP
    turn = nearest(yaw_of(rotate(pose.q, _X)), period)
    lift = 0.14 if sink else 0.07
    hand.turn(turn)
    yield from hand.move(place + 0.06 * _UP, limit=20)
    yield from hand.move(place, limit=8)
    yield from hand.grip(-1.0, 3)
    yield from hand.move_by(lift * _UP, limit=8)
    carried = hand.centre_of(target) - hand.centre_of(source)
    over = hand.position + np.array([carried[0], carried[1], 0.0])
    yield from hand.move(over, limit=16)
    down = _drop(hand, source, target)
    if not sink:
        yield from hand.move_by(-down * _UP, limit=8)
    else:
        yield from hand.move_by(-0.03 * _UP, limit=4)
    yield from hand.grip(1.0, 3)
    yield from hand.move_by(0.08 * _UP, limit=6)
    yield from hand.wait(200)


def _drop(hand: Hand, source: str, target: str) -> float:
    """Return how far the source is above where it will lie, m."""
    sizes = {name: abs(rotate(hand.pose_of(name).q, _size(name))[2]) for name in (source, target)}
    gap = hand.centre_of(source)[2] - hand.centre_of(target)[2]
    return float(gap - (sizes[source] + sizes[target]) / 2 - _PLACE_GAP)


def _size(name: str) -> F64:
    return np.array(OBJECTS[name].size)


def _google_grip(hand: Hand, name: str) -> tuple[F64, float]:
    """Return where the Google Robot takes an object, and the turn of its hand (rad).

    Its fingers close along x at the beginning, so lying cans are taken across their axis; their
    tips slope inwards and hold round things below the middle. Tall things are taken near their top.
    """
    pose, size = hand.pose_of(name), _size(name)
    axes = [rotate(pose.q, axis) for axis in np.eye(3)]
    upright = int(np.argmax([abs(axis[2]) for axis in axes]))
    flat = [i for i in range(3) if i != upright]
    long, narrow = sorted(flat, key=lambda i: -size[i])
    half = size[upright] / 2
    height = max(0.016, half - 0.045) if half > 0.04 else max(-0.010, 0.014 - half)
    turn = 0.0
    if size[long] > 1.15 * size[narrow]:
        turn = nearest(yaw_of(axes[long]) - np.pi / 2, np.pi)
        turn = turn if turn <= 0.9 else turn - np.pi
    return hand.centre_of(name) + height * _UP, turn


def pick_coke(hand: Hand) -> Motion:
    """Google Robot: take the can and lift it."""
    yield from _take(hand, hand.scene["roles"]["object"])
    yield from hand.move_by(0.12 * _UP, limit=12, speed=0.4)
    yield from hand.wait(200)


def _take(hand: Hand, name: str) -> Motion:
    place, turn = _google_grip(hand, name)
    hand.turn(turn)
    yield from hand.move(place + 0.06 * _UP, limit=24, within=0.015)
    place, _ = _google_grip(hand, name)
    yield from hand.move(place, limit=16, speed=0.5)
    yield from hand.grip(1.0, 5, after=0.0)


def move_near(hand: Hand) -> Motion:
    """Google Robot: take the source and set it down beside the target.

    It keeps hold of it: what is let go may tip over or roll away.
    """
    source, target = hand.scene["roles"]["source"], hand.scene["roles"]["target"]
    rest = hand.centre_of(source)[2]
    yield from _take(hand, source)
    yield from hand.move_by(0.07 * _UP, limit=10)
    start, goal = hand.centre_of(source), hand.centre_of(target)
    way = (goal - start) * np.array([1.0, 1.0, 0.0])
    distance = float(np.linalg.norm(way))
    stop = way * max(0.0, distance - _beside(source, target)) / distance
    yield from hand.move_by(stop, limit=24)
    yield from hand.move_by((rest - hand.centre_of(source)[2]) * _UP, limit=6, speed=0.5)
    while True:  # the arm rises a little with every step
        yield from hand.push((rest - hand.centre_of(source)[2]) * _UP, 1)


def _beside(source: str, target: str) -> float:
    """Return the distance at which to set one object down beside another, m."""
    return 0.10 + 0.5 * sum(float(sorted(_size(name))[1]) for name in (source, target)) * 0.6


def place_apple(hand: Hand) -> Motion:
    """Google Robot: open the top drawer, then drop the apple behind its front."""
    above, rotation = hand.position, hand.rotation
    yield from drawers.pull(hand, "top_drawer_joint")
    yield from drawers.unhook(hand)
    hand.rotation = rotation
    yield from hand.grip(-1.0, 2, after=0.0)
    yield from hand.move(above, limit=20)
    while hand.scene["subtask"] == 0:
        yield from hand.wait(1)
    yield from _take(hand, hand.scene["roles"]["object"])
    yield from hand.move_by(0.10 * _UP, limit=12)
    inside = drawers.drawer_origin(hand, "top_drawer_joint") + _APPLE_PLACE
    yield from hand.move((*inside[:2], hand.position[2]), limit=30)
    yield from hand.move_by(-0.06 * _UP, limit=8)
    yield from hand.grip(-1.0, 4, after=0.0)
    yield from hand.move_by(0.10 * _UP, limit=8)
    yield from hand.wait(200)


SKILLS: dict[str, Callable[[Hand], Motion]] = {
    **dict.fromkeys(PUT_ON, put_on),
    "google_robot_pick_coke_can": pick_coke,
    "google_robot_move_near": move_near,
    "google_robot_open_drawer": drawers.open_drawer,
    "google_robot_close_drawer": drawers.close_drawer,
    "google_robot_place_apple_in_drawer": place_apple,
}
