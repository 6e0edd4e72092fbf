"""How actions become drive targets.

The arm goes evenly from where it was commanded to where it is commanded within each action; the
gripper's six joints are moved so that the pads stay parallel and centred and press no harder than
they should.
"""

from __future__ import annotations

import numpy as np
from vla_gym_sapien.interface import Articulation
from vla_gym_sapien.poses import (
    F64,
    Pose,
    multiply_quaternions,
    rotation_vector_quaternion,
)

from vla_gym_bdr import facts
from vla_gym_bdr.robot import FOLLOWERS, KNUCKLES

_LOW, _HIGH = np.array(facts.WORKSPACE_LOW), np.array(facts.WORKSPACE_HIGH)


class DeltaPose:
    """Deltas (m and rotation vector, base axes) move a commanded pose of the tool.

    The command stays in the work space and on a leash to the measured tool. What is too far for
    the joints' speed is followed part of the way; what cannot be reached is dropped, and the arm
    stays where it was commanded before.
    """

    def __init__(self, robot: Articulation) -> None:
        self._robot = robot
        self._indices = [robot.joints.index(name) for name in facts.ARM]
        self._active = np.zeros(len(robot.joints), dtype=bool)
        self._active[self._indices] = True

    def reset(self) -> None:
        """Let the command be where the tool is."""
        self.commanded = self._measured()
        self._start = self._goal = self._robot.qpos[self._indices]

    def begin(self, action: F64) -> None:
        """Take ``[dx, dy, dz, rx, ry, rz]``."""
        self._start = self._goal
        turn = rotation_vector_quaternion(action[3:6])
        position = np.clip(self._leashed() + action[:3], _LOW, _HIGH)
        pose = Pose.of(position, multiply_quaternions(turn, self.commanded.q))
        start = self._robot.qpos
        start[self._indices] = self._start
        found = self._robot.inverse(facts.HAND, pose, start=start, active=self._active)
        if found is None:
            return
        way = _shorter_way(found[self._indices] - self._start)
        share = min(1.0, facts.JOINT_STEP / max(float(np.abs(way).max()), 1e-9))
        self._goal = self._start + share * way
        if share < 1.0:
            start[self._indices] = self._goal
            pose = self._robot.forward(facts.HAND, start)
        self.commanded = pose

    def advance(self, step: int) -> None:
        """Set the targets of simulation step ``step`` (1, 2, ...) of the action."""
        way = self._goal - self._start
        target = self._start + way * (step / facts.STEPS)
        self._robot.set_targets(self._indices, target, way * facts.CONTROL_HZ)

    def _measured(self) -> Pose:
        return self._robot.base.inverse() * self._robot.link_pose(facts.HAND)

    def _leashed(self) -> F64:
        measured = self._measured().p
        ahead = self.commanded.p - measured
        length = float(np.linalg.norm(ahead))
        return np.asarray(measured + ahead * min(1.0, facts.LEASH / max(length, 1e-9)))


def _shorter_way(angles: F64) -> F64:
    """Return equal turns of at most half a turn (joints without stops may be told either way)."""
    return np.asarray((angles + np.pi) % (2 * np.pi) - np.pi)


class TwoFinger:
    """A number in [-1, 1]: -1 closes, 1 opens; fingers move at the gripper's own speed.

    Each knuckle aims a little ahead of where the *two* fingers are on average: they press with
    equal force on what is between them, and stay centred whichever touches first.
    """

    def __init__(self, robot: Articulation) -> None:
        self._robot = robot
        names = robot.joints
        self._knuckles = [names.index(name) for name in KNUCKLES]
        self._followers = [names.index(name) for name, *_ in FOLLOWERS]
        self._leaders = [leader for _, leader, _ in FOLLOWERS]
        self._signs = np.array([sign for *_, sign in FOLLOWERS])
        self._all = [*self._knuckles, *self._followers]

    def reset(self) -> None:
        """Let the command be where the fingers are."""
        self.commanded = self._goal = self.angle

    @property
    def angle(self) -> float:
        """Mean knuckle angle: 0 open, ``KNUCKLE_CLOSED`` closed."""
        left, right = self._robot.qpos[self._knuckles]
        return float((left - right) / 2)

    @property
    def opening(self) -> float:
        """Opening as a share of the stroke: 1 open, 0 closed."""
        return float(np.clip(1.0 - self.angle / facts.KNUCKLE_CLOSED, 0.0, 1.0))

    def begin(self, action: F64) -> None:
        """Take ``[gripper]``."""
        self._goal = (1.0 - float(action[0])) / 2.0 * facts.KNUCKLE_CLOSED

    def advance(self, step: int) -> None:  # noqa: ARG002
        """Set the targets of a simulation step."""
        most = facts.GRIPPER_SPEED / facts.STEP_HZ
        self.commanded += float(np.clip(self._goal - self.commanded, -most, most))
        knuckles = self._robot.qpos[self._knuckles]
        mean = (knuckles[0] - knuckles[1]) / 2
        lead = facts.GRIP_LEAD
        aim = mean + float(np.clip(self.commanded - mean, -lead, lead))
        followers = self._signs * knuckles[self._leaders]
        self._robot.set_targets(self._all, np.array([aim, -aim, *followers]))
