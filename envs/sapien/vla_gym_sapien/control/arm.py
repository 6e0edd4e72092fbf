"""Cartesian delta control of an arm, in the two ways the official environments know.

Both take a translation (m) and a rotation vector (rad) in the axes of the robot's base. The
rotation turns the hand about its own present position: the translation moves it and the rotation
does not ("align").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_gym_sapien.control.base import JointPath, PathLimits
from vla_gym_sapien.interface import Articulation
from vla_gym_sapien.poses import F64, Pose, multiply_quaternions, rotate, rotation_vector_quaternion


class _Arm:
    """The joints that move a link, and the inverse kinematics of that."""

    def __init__(self, robot: Articulation, link: str, joints: Sequence[str]) -> None:
        self._robot, self._link = robot, link
        self._indices = [robot.joints.index(name) for name in joints]
        self._active = np.zeros(len(robot.joints), dtype=bool)
        self._active[self._indices] = True

    def _hand(self) -> Pose:
        """Return the present pose of the link in the base frame."""
        return self._robot.base.inverse() * self._robot.link_pose(self._link)

    def _solve(self, pose: Pose) -> F64:
        """Return joint positions for a pose; the present ones where there is no solution."""
        qpos = self._robot.qpos
        found = self._robot.inverse(self._link, pose, start=qpos, active=self._active)
        return (qpos if found is None else found)[self._indices]


class TargetDeltaPose(_Arm):
    """Deltas move a target that persists between steps; the drives jump to it.

    The controller of the WidowX. The rotation turns the *target* about the hand's measured
    position, so that a lagging hand turns in place.
    """

    def reset(self) -> None:
        """Let the target be where the hand is."""
        self._target = self._hand()

    def begin(self, action: F64) -> None:
        """Take ``[dx, dy, dz, rx, ry, rz]``."""
        centre = self._hand().p
        turn = rotation_vector_quaternion(action[3:6])
        position = centre + action[:3] + rotate(turn, self._target.p - centre)
        self._target = Pose.of(position, multiply_quaternions(turn, self._target.q))
        self._robot.set_targets(self._indices, self._solve(self._target))

    def advance(self, step: int) -> None:
        """Do nothing: the drives have their targets."""


class PlannedDeltaPose(_Arm):
    """Deltas move the hand from where it is measured, along a joint path.

    The controller of the Google Robot. The first path starts from the measured joints, every other
    one from where the path before was left.
    """

    def __init__(
        self,
        robot: Articulation,
        link: str,
        joints: Sequence[str],
        *,
        limits: PathLimits,
        hz: int,
        steps: int,
    ) -> None:
        """Control ``joints``.

        Args:
            robot: The robot.
            link: What the action moves.
            joints: Names of the joints of the inverse kinematics and of the path.
            limits: Of the path.
            hz: Simulation steps per second.
            steps: Simulation steps of a control step.
        """
        super().__init__(robot, link, joints)
        self._path = JointPath(limits, hz, len(self._indices))
        self._steps = steps
        self._planned = False

    def reset(self) -> None:
        """Forget the path."""
        self._planned = False

    def begin(self, action: F64) -> None:
        """Take ``[dx, dy, dz, rx, ry, rz]`` and plan."""
        hand = self._hand()
        turn = rotation_vector_quaternion(action[3:6])
        goal = self._solve(Pose.of(hand.p + action[:3], multiply_quaternions(turn, hand.q)))
        if self._planned:
            start, velocity = self._path.at(self._steps)
        else:
            start = self._robot.qpos[self._indices]
            velocity = self._robot.qvel[self._indices]
        self._path.plan(start, velocity, goal)
        self._planned = True

    def advance(self, step: int) -> None:
        """Set the targets of a simulation step."""
        self._robot.set_targets(self._indices, self._path.at(step)[0])
