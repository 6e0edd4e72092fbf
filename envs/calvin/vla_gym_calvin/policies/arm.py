"""Moving the gripper: every motion is a generator of actions that watches the arm as it goes.

Relative actions move the commanded pose, which the environment never tells; it equals the
measured one only at reset. The arm therefore keeps its own copy, through all sub-tasks of an
episode, and motions are planned on it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from vla_gym_calvin.facts import METERS_PER_UNIT, RADIANS_PER_UNIT
from vla_gym_calvin.policies.disturbance import Disturbance
from vla_gym_calvin.policies.poses import F64, unwrap
from vla_gym_calvin.policies.scene_view import SceneView

Motion = Iterator[F64]

OPEN, CLOSED = 1.0, -1.0
GRIP_STEPS = 10  # to open or close
_SETTLE_STEPS = 8  # at most, waiting for the measured pose
_REACHED = 0.004  # m


class Arm:
    """The commanded pose of one episode, and what is seen at present.

    Attributes:
        view: The present observation; set before every action.
        position: Commanded position, ``(3,)``.
        euler: Commanded Euler angles, ``(3,)``, never wrapped.
        gripper: Commanded gripper, ``OPEN`` or ``CLOSED``.
        intended: The last action as it was meant, without the disturbance.
    """

    def __init__(self, view: SceneView, gripper: float, disturbance: Disturbance) -> None:
        self.view = view
        self.intended = np.zeros(7)
        self._disturbance = disturbance
        self.position = np.array(view.position)
        self.euler = np.array(view.euler)
        self.gripper = gripper

    def _action(self, shift: F64, turn: F64) -> F64:
        """Return the action that moves the commanded pose, and move our copy as the robot will."""
        self.intended = np.array([*shift / METERS_PER_UNIT, *turn / RADIANS_PER_UNIT, self.gripper])
        action = self._disturbance(self.intended, height=float(self.view.position[2]))
        self.position = self.position + action[:3] * METERS_PER_UNIT
        self.euler = self.euler + action[3:6] * RADIANS_PER_UNIT
        return action

    def wait(self, steps: int) -> Motion:
        """Stay where it is."""
        for _ in range(steps):
            yield self._action(np.zeros(3), np.zeros(3))

    def grip(self, gripper: float, steps: int = GRIP_STEPS) -> Motion:
        """Open or close, and wait for the fingers."""
        self.gripper = gripper
        yield from self.wait(steps)

    def move(
        self,
        position: npt.ArrayLike,
        euler: npt.ArrayLike | None = None,
        *,
        speed: float = 1.0,
        settle: int = 0,
    ) -> Motion:
        """Move in a straight line to a pose.

        Args:
            position: Target, ``(3,)``.
            euler: Target, ``(3,)``; default: as it is.
            speed: Share of the greatest speed (2 cm and 0.05 rad a step).
            settle: Steps to wait at most until the measured position has arrived.
        """
        goal = np.asarray(position, dtype=np.float64)
        turned = self.euler if euler is None else unwrap(np.asarray(euler), self.euler)
        while True:
            shift, turn = goal - self.position, turned - self.euler
            units = max(
                float(np.abs(shift).max()) / METERS_PER_UNIT,
                float(np.abs(turn).max()) / RADIANS_PER_UNIT,
            )
            if units < 1e-6:
                break
            share = min(1.0, speed / units)
            yield self._action(shift * share, turn * share)
        for _ in range(settle):
            if np.linalg.norm(self.view.position - goal) < _REACHED:
                break
            yield from self.wait(1)

    def move_by(self, shift: npt.ArrayLike, *, speed: float = 1.0, settle: int = 0) -> Motion:
        """Move from the measured position, which forgets a command that an obstacle held up."""
        goal = self.view.position + np.asarray(shift)
        yield from self.move(goal, speed=speed, settle=settle)
