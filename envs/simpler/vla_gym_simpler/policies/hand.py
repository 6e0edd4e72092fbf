"""The scripted expert's hand: motions are generators of actions that watch the hand as it goes.

Positions are world positions in metres. The WidowX adds deltas to a commanded pose that the
environment never tells, so the hand keeps a copy of it; the Google Robot adds them to the measured
pose.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from vla_gym_sapien.poses import (
    F64,
    Pose,
    conjugate,
    multiply_quaternions,
    rotate,
    rotation_vector,
    rotation_vector_quaternion,
)

from vla_gym.contract.spec import Mode, Reference
from vla_gym_simpler.facts.robots import ROBOTS

Motion = Iterator[F64]

_FASTEST = {"widowx": 0.03, "google_robot": 0.10}  # m a step
_FASTEST_TURN = 0.25  # rad a step
_ARRIVED = 0.004  # m
_TURNED = 0.03  # rad
_LOOKS, _HARDLY = 4, 0.012  # a hand that comes less than this nearer (m) in so many looks is stuck
_BLOCKED = 0.02  # m from its goal, where that counts


class Hand:
    """One episode's hand and what is seen at present.

    Attributes:
        gripper: Gripper command of the actions to come.
        rotation: Orientation that the hand is to have (wxyz).
    """

    def __init__(self, scene: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        self.robot = str(scene["robot"])
        facts = ROBOTS[self.robot]
        # A gripper that is told a position begins open, one that is told a change holds.
        self.gripper = facts.gripper.open if facts.gripper.mode is Mode.ABSOLUTE else 0.0
        self._from_measured = facts.reference is Reference.MEASURED
        self._commanded: Pose | None = None
        self.look(scene, state)
        self.rotation = self._start = np.asarray(state["tcp"][3:])

    def look(self, scene: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Take note of the present state."""
        self.scene, self.state = scene, state
        self._base = Pose.from_array(scene["base"])

    @property
    def position(self) -> F64:
        """Measured position of the hand."""
        return np.asarray(self.state["tcp"][:3])

    def turn(self, angle: float) -> None:
        """Set the orientation: that of the beginning, turned about the vertical (rad)."""
        about = rotation_vector_quaternion(np.array([0.0, 0.0, angle]))
        self.rotation = multiply_quaternions(about, self._start)

    def pose_of(self, name: str) -> Pose:
        """Return the world pose of an object."""
        return Pose.from_array(self.state[f"actor:{name}"])

    def centre_of(self, name: str) -> F64:
        """Return the centre of mass of an object."""
        local = Pose.from_array(self.state[f"cmass_local:{name}"])
        return (self.pose_of(name) * local).p

    def wait(self, steps: int) -> Motion:
        """Stay."""
        for _ in range(steps):
            yield self._action(np.zeros(3), np.zeros(3))

    def grip(self, command: float, steps: int, *, after: float | None = None) -> Motion:
        """Give the gripper a command for some steps, then another one."""
        self.gripper = command
        yield from self.wait(steps)
        self.gripper = command if after is None else after

    def move(
        self, goal: npt.ArrayLike, *, limit: int = 40, speed: float = 1.0, within: float = 0.0
    ) -> Motion:
        """Move in a straight line while turning to ``rotation``.

        Where the turn keeps the hand from its place (a wrist at its end), it goes there unturned.

        Args:
            goal: World position ``(3,)``.
            limit: Steps after which it gives up.
            speed: Share of the greatest speed.
            within: Distance to the goal that is near enough, m (at least what counts as arrived).
        """
        target = np.asarray(goal, dtype=np.float64)
        left, turns = deque[float](maxlen=_LOOKS), 1.0
        for _ in range(limit):
            begin = self._from()
            turn = rotation_vector(multiply_quaternions(self.rotation, conjugate(begin.q)))
            left.append(float(np.linalg.norm(target - self.position)))
            far = left[-1] > max(within, _ARRIVED)
            if not far and np.linalg.norm(turns * turn) < _TURNED:
                return
            if left[-1] > _BLOCKED and len(left) == _LOOKS and left[0] - left[-1] < _HARDLY:
                turns = 0.0
            shift = _at_most(target - begin.p, speed * _FASTEST[self.robot])
            yield self._action(shift, _at_most(turns * turn, _FASTEST_TURN))

    def move_by(self, shift: npt.ArrayLike, *, limit: int = 20, speed: float = 1.0) -> Motion:
        """Move from where the hand is measured."""
        yield from self.move(self.position + np.asarray(shift), limit=limit, speed=speed)

    def push(self, shift: npt.ArrayLike, steps: int) -> Motion:
        """Go on in a direction for some steps, whatever is in the way."""
        for _ in range(steps):
            yield self._action(np.asarray(shift, dtype=np.float64), np.zeros(3))

    def _from(self) -> Pose:
        """Return the pose that a delta is added to."""
        if self._from_measured or self._commanded is None:
            return Pose.of(self.position, self.state["tcp"][3:])
        return self._commanded

    def _action(self, shift: F64, turn: F64) -> F64:
        """Return the action of a world shift and rotation vector, and move our copy alike."""
        back = self._base.inverse().q
        measured = Pose.of(self.position, self.state["tcp"][3:])
        before = self._commanded or measured
        quaternion = rotation_vector_quaternion(turn)
        self._commanded = Pose.of(
            measured.p + shift + rotate(quaternion, before.p - measured.p),
            multiply_quaternions(quaternion, before.q),
        )
        return np.array([*rotate(back, shift), *rotate(back, turn), self.gripper])


def _at_most(vector: F64, length: float) -> F64:
    """Return a vector, shortened to a length where it is longer."""
    return np.asarray(vector * min(1.0, length / max(1e-9, float(np.linalg.norm(vector)))))


def yaw_of(axis: F64) -> float:
    """Return the direction of a horizontal vector about the vertical, rad."""
    return float(np.arctan2(axis[1], axis[0]))


def nearest(angle: float, period: float) -> float:
    """Return the equal angle (modulo ``period``) that is closest to 0."""
    return angle - period * round(angle / period)
