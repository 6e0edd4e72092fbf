"""Grippers whose fingers all get the same command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_gym_sapien.control.base import JointPath, PathLimits
from vla_gym_sapien.interface import Articulation
from vla_gym_sapien.poses import F64


class PositionGripper:
    """A number in [-1, 1] (clipped) is a finger position; the drives jump to it.

    The gripper of the WidowX.

    Args:
        robot: The robot.
        joints: Names of the finger joints.
        closed: Finger position of -1, m.
        open: Finger position of +1, m.
    """

    def __init__(
        self, robot: Articulation, joints: Sequence[str], *, closed: float, open: float
    ) -> None:
        self._robot, self._closed, self._open = robot, closed, open
        self._indices = [robot.joints.index(name) for name in joints]

    def reset(self) -> None:
        """Do nothing: there is no memory."""

    def begin(self, action: F64) -> None:
        """Take ``[gripper]``."""
        share = (float(np.clip(action[0], -1.0, 1.0)) + 1.0) / 2.0
        target = self._closed + share * (self._open - self._closed)
        self._robot.set_targets(self._indices, np.full(len(self._indices), target))

    def advance(self, step: int) -> None:
        """Do nothing: the drives have their targets."""


@dataclass(frozen=True)
class FingerCommand:
    """What a number means to a ``PlannedDeltaGripper``.

    Attributes:
        scale: Radians of a command of 1.
        hold_below: Commands of fewer radians keep the target.
        margin: How far the target may go beyond the joints' limits, rad.
    """

    scale: float
    hold_below: float
    margin: float


class PlannedDeltaGripper:
    """A number moves the drive target of the fingers, along a path from the measured fingers.

    The gripper of the Google Robot: +1 closes, -1 opens, and what is nearly 0 leaves the target
    as it is.
    """

    def __init__(
        self,
        robot: Articulation,
        joints: Sequence[str],
        command: FingerCommand,
        *,
        limits: PathLimits,
        hz: int,
    ) -> None:
        """Control ``joints``.

        Args:
            robot: The robot.
            joints: Names of the finger joints.
            command: What a number means.
            limits: Of the path.
            hz: Simulation steps per second.
        """
        self._robot, self._command = robot, command
        self._indices = [robot.joints.index(name) for name in joints]
        ends = robot.limits[self._indices]
        self._low, self._high = ends[:, 0] - command.margin, ends[:, 1] + command.margin
        self._path = JointPath(limits, hz, len(self._indices))
        self._target = np.zeros(len(self._indices))

    def reset(self) -> None:
        """Let the target be where the fingers are."""
        self._target = self._robot.qpos[self._indices]

    def begin(self, action: F64) -> None:
        """Take ``[gripper]`` and plan."""
        change = float(action[0]) * self._command.scale
        if abs(change) >= self._command.hold_below:
            drives = self._robot.targets[self._indices]
            self._target = np.clip(drives + change, self._low, self._high)
        qpos, qvel = self._robot.qpos[self._indices], self._robot.qvel[self._indices]
        self._path.plan(qpos, qvel, self._target)

    def advance(self, step: int) -> None:
        """Set the targets of a simulation step."""
        position, velocity = self._path.at(step)
        self._robot.set_targets(self._indices, position, velocity)
