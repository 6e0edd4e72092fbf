"""The scripted expert's hand: motions are generators of actions that watch the tool as it goes.

Positions are in metres in base axes, which are the world's. Deltas are added to the commanded
pose, which the state tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from vla_gym_sapien.poses import (
    F64,
    Pose,
    conjugate,
    euler_quaternion,
    multiply_quaternions,
    rotation_vector,
)

from vla_gym_bdr import facts

Motion = Iterator[F64]

_ARRIVED, _TURNED = 0.004, 0.03  # m, rad
_DOWN = euler_quaternion(np.pi, 0.0, np.pi / 2)
"""The tool looks down and its fingers close along y."""


class Hand:
    """One episode's tool and what is seen at present.

    Attributes:
        gripper: Gripper command of the actions to come.
        rotation: Orientation that the tool is to have (wxyz).
    """

    def __init__(self, scene: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        self.gripper = 1.0
        self.look(scene, state)
        self.rotation = self.down(0.0)

    def look(self, scene: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Take note of the present state."""
        self.scene, self.state = scene, state

    @property
    def position(self) -> F64:
        """Measured position of the tool."""
        return np.asarray(self.state["tcp"][:3])

    @property
    def opening(self) -> float:
        """Opening of the gripper as a share of its stroke."""
        return float(self.state["gripper"][0])

    def down(self, turn: float) -> F64:
        """Return the orientation that looks down, turned about the vertical (rad)."""
        return multiply_quaternions(euler_quaternion(0.0, 0.0, turn), _DOWN)

    def slanted(self, pitch: float) -> F64:
        """Return the orientation that looks ahead and down by ``pitch`` (rad)."""
        return multiply_quaternions(euler_quaternion(0.0, pitch - np.pi / 2, 0.0), _DOWN)

    def pose_of(self, name: str) -> Pose:
        """Return the world pose of an object."""
        return Pose.from_array(self.state[f"object:{name}"])

    def wait(self, steps: int) -> Motion:
        """Stay."""
        for _ in range(steps):
            yield self._action(np.zeros(3), np.zeros(3))

    def grip(self, command: float, steps: int) -> Motion:
        """Give the gripper a command for some steps; it stays."""
        self.gripper = command
        yield from self.wait(steps)

    def move(self, goal: npt.ArrayLike, *, limit: int = 60, speed: float = 1.0) -> Motion:
        """Move in a straight line while turning to ``rotation``.

        Args:
            goal: World position ``(3,)``.
            limit: Steps after which it gives up.
            speed: Share of the greatest speed.
        """
        target = np.asarray(goal, dtype=np.float64)
        for _ in range(limit):
            begin = Pose.from_array(self.state["commanded"])
            turn = rotation_vector(multiply_quaternions(self.rotation, conjugate(begin.q)))
            far = np.linalg.norm(target - self.position) > _ARRIVED
            if not far and np.linalg.norm(turn) < _TURNED:
                return
            fast = speed * facts.METERS_PER_UNIT
            yield self._action(
                _at_most(target - begin.p, fast), _at_most(turn, facts.RADIANS_PER_UNIT)
            )

    def move_by(self, shift: npt.ArrayLike, *, limit: int = 30, speed: float = 1.0) -> Motion:
        """Move from where the tool is measured."""
        yield from self.move(self.position + np.asarray(shift), limit=limit, speed=speed)

    def turn_to(self, rotation: F64, *, limit: int = 60) -> Motion:
        """Turn in place."""
        self.rotation = rotation
        yield from self.move(self.position, limit=limit)

    def _action(self, shift: F64, turn: F64) -> F64:
        return np.array(
            [*(shift / facts.METERS_PER_UNIT), *(turn / facts.RADIANS_PER_UNIT), self.gripper]
        )


def _at_most(vector: F64, length: float) -> F64:
    """Return a vector, shortened to a length where it is longer."""
    return np.asarray(vector * min(1.0, length / max(1e-9, float(np.linalg.norm(vector)))))


def nearest(angle: float, period: float) -> float:
    """Return the equal angle (modulo ``period``) that is closest to 0."""
    return float(angle - period * np.round(angle / period))
