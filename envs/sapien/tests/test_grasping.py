"""Grasp and contact tests, and the overlay, on made-up contacts and pictures."""

from __future__ import annotations

import numpy as np
from vla_gym_sapien.grasping import Finger, is_grasped, touches_only
from vla_gym_sapien.interface import Contact, Picture
from vla_gym_sapien.overlay import composite
from vla_gym_sapien.poses import Pose

FINGERS = (Finger(("left",), (0.0, 1.0, 0.0)), Finger(("right",), (0.0, -1.0, 0.0)))


class Robot:
    name = "robot"

    def link_pose(self, name: str) -> Pose:
        return Pose.of()


def contact(first: str, second: str, impulse: tuple[float, float, float]) -> Contact:
    return Contact(first, second, np.array(impulse), (0, 0))


def grasped(*contacts: Contact) -> bool:
    return is_grasped(Robot(), FINGERS, contacts, "can", max_degrees=60.0)


def test_two_fingers_that_press_hold() -> None:
    pressed = contact("robot/left", "can", (0.0, 0.1, 0.0))
    assert grasped(pressed, contact("can", "robot/right", (0.0, 0.1, 0.0)))
    assert not grasped(pressed)


def test_a_finger_that_only_rubs_does_not_hold() -> None:
    rubbed = contact("robot/left", "can", (0.1, 0.01, 0.0))
    assert not grasped(rubbed, contact("robot/right", "can", (0.0, -0.1, 0.0)))


def test_a_light_touch_does_not_count() -> None:
    touch = contact("can", "table", (0.0, 0.0, 1e-8))
    assert touches_only([touch], "can", robot="robot")
    assert not touches_only([contact("table", "can", (0.0, 0.0, 1e-3))], "can", robot="robot")
    assert touches_only([contact("can", "robot/left", (1.0, 0, 0))], "can", robot="robot")
    assert touches_only([contact("can", "plate", (1.0, 0, 0))], "can", robot="robot", also="plate")


def test_what_is_in_front_covers_the_photograph() -> None:
    rgb = np.full((2, 2, 3), 9, np.uint8)
    labels = np.array([[0, 1], [2, 0]], np.int32)
    photo = np.zeros((2, 2, 3), np.uint8)
    picture = Picture(rgb, labels, {1: "can", 2: "arena"})
    seen = composite(picture, photo, lambda name: name == "can")
    assert seen[..., 0].tolist() == [[0, 9], [0, 0]]
