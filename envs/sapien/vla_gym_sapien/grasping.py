"""Is something held, and what touches what: read from the contacts of the last step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from vla_gym_sapien.interface import Articulation, Contact
from vla_gym_sapien.poses import F64

TOUCH = 1e-6
"""Impulse (N s) from which a contact counts, as in the official environments."""


@dataclass(frozen=True)
class Finger:
    """One finger of a gripper.

    Attributes:
        links: Links that count as its surface; the best of them counts.
        opening: Direction in which it opens, in the frame of ``links``.
    """

    links: tuple[str, ...]
    opening: tuple[float, float, float]


def impulse_between(contacts: Iterable[Contact], first: str, second: str) -> F64:
    """Return the summed impulse (N s, world) that ``second`` exerts on ``first``."""
    total = np.zeros(3)
    for contact in contacts:
        if (contact.first, contact.second) == (first, second):
            total += contact.impulse
        elif (contact.first, contact.second) == (second, first):
            total -= contact.impulse
    return total


def is_grasped(
    robot: Articulation,
    fingers: Sequence[Finger],
    contacts: Sequence[Contact],
    body: str,
    *,
    max_degrees: float,
) -> bool:
    """Whether every finger presses the body against its opening direction."""
    return all(_presses(robot, finger, contacts, body, max_degrees) for finger in fingers)


def _presses(
    robot: Articulation,
    finger: Finger,
    contacts: Sequence[Contact],
    body: str,
    max_degrees: float,
) -> bool:
    strength, angle = 0.0, np.inf
    for link in finger.links:
        impulse = impulse_between(contacts, f"{robot.name}/{link}", body)
        size = float(np.linalg.norm(impulse))
        strength = max(strength, size)
        if size > 0:
            opening = robot.link_pose(link).rotation @ np.asarray(finger.opening)
            cosine = float(np.clip(opening @ impulse / size, -1.0, 1.0))
            angle = min(angle, float(np.degrees(np.arccos(cosine))))
    return strength >= TOUCH and angle <= max_degrees


def touches_only(contacts: Iterable[Contact], body: str, *, robot: str, also: str = "") -> bool:
    """Whether a body touches nothing but the robot's links (and the body ``also``)."""
    for contact in contacts:
        if body not in (contact.first, contact.second):
            continue
        other = contact.second if contact.first == body else contact.first
        free = other.startswith(f"{robot}/") or (also and other == also)
        if not free and np.linalg.norm(contact.impulse) > TOUCH:
            return False
    return True
