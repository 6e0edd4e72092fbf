"""Controllers on a robot of numbers: no engine."""

from __future__ import annotations

import numpy as np
import pytest
from vla_gym_sapien.control import (
    FingerCommand,
    JointPath,
    PlannedDeltaGripper,
    PositionGripper,
    TargetDeltaPose,
)
from vla_gym_sapien.control.base import PathLimits
from vla_gym_sapien.poses import Pose

LIMITS = PathLimits(velocity=1.5, acceleration=2.0, jerk=50.0)


class Robot:
    """Two fingers, a base that is turned, and a hand; inverse kinematics returns the target."""

    joints = ("a", "b")
    limits = np.array([[0.0, 1.3], [0.0, 1.3]])

    def __init__(self) -> None:
        self.qpos, self.qvel, self.targets = np.zeros(2), np.zeros(2), np.zeros(2)
        self.base = Pose.of((1.0, 2.0, 0.0), (0.0, 0.0, 0.0, 1.0))
        self.asked: Pose | None = None
        self.solvable = True

    def set_targets(self, indices, positions, velocities=None) -> None:
        self.targets[list(indices)] = positions

    def link_pose(self, name: str) -> Pose:
        return self.base * Pose.of((0.3, 0.0, 0.2))

    def inverse(self, link, pose, *, start, active):
        self.asked = pose
        return np.array([0.5, 0.6]) if self.solvable else None


def test_a_path_ends_at_its_goal_at_rest_within_its_limits() -> None:
    path = JointPath(LIMITS, 513, 2)
    path.plan(np.zeros(2), np.zeros(2), np.array([0.4, -0.1]))
    samples = np.array([path.at(k)[0] for k in range(1500)])
    speeds = np.abs(np.diff(samples, axis=0)).max() * 513
    assert speeds <= LIMITS.velocity + 1e-6
    np.testing.assert_allclose(samples[-1], [0.4, -0.1], atol=1e-9)
    np.testing.assert_allclose(path.at(10_000)[1], 0.0, atol=1e-9)


def test_a_start_faster_than_the_limit_is_clipped() -> None:
    path = JointPath(LIMITS, 513, 1)
    path.plan(np.zeros(1), np.array([9.0]), np.array([0.1]))
    assert path.at(1)[1][0] <= LIMITS.velocity + 1e-6


def test_target_deltas_accumulate() -> None:
    robot = Robot()
    arm = TargetDeltaPose(robot, "hand", ("a", "b"))
    arm.reset()
    for _ in range(3):
        arm.begin(np.array([0.01, 0.0, 0.0, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(robot.asked.p, [0.33, 0.0, 0.2], atol=1e-12)
    np.testing.assert_allclose(robot.targets, [0.5, 0.6])


def test_a_rotation_leaves_the_position_alone_when_the_hand_does_not_lag() -> None:
    robot = Robot()
    arm = TargetDeltaPose(robot, "hand", ("a", "b"))
    arm.reset()
    arm.begin(np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.5]))
    np.testing.assert_allclose(robot.asked.p, [0.3, 0.0, 0.2], atol=1e-12)


def test_without_a_solution_the_arm_stays() -> None:
    robot = Robot()
    robot.solvable, robot.qpos = False, np.array([0.1, 0.2])
    arm = TargetDeltaPose(robot, "hand", ("a", "b"))
    arm.reset()
    arm.begin(np.ones(6))
    np.testing.assert_allclose(robot.targets, [0.1, 0.2])


@pytest.mark.parametrize(("action", "target"), [(1.0, 0.038), (-1.0, 0.014), (7.0, 0.038)])
def test_the_position_gripper_is_clipped(action, target) -> None:
    robot = Robot()
    PositionGripper(robot, ("a", "b"), closed=0.014, open=0.038).begin(np.array([action]))
    np.testing.assert_allclose(robot.targets, target)


def test_the_delta_gripper_holds_moves_and_stops_at_its_limits() -> None:
    robot = Robot()
    gripper = PlannedDeltaGripper(
        robot,
        ("a", "b"),
        FingerCommand(scale=1.31, hold_below=1e-3, margin=0.01),
        limits=LIMITS,
        hz=513,
    )
    gripper.reset()
    gripper.begin(np.array([0.0]))
    gripper.advance(2000)
    np.testing.assert_allclose(robot.targets, 0.0, atol=1e-9)
    gripper.begin(np.array([0.5]))
    gripper.advance(2000)
    np.testing.assert_allclose(robot.targets, 0.655, atol=1e-6)
    gripper.begin(np.array([1.0]))
    gripper.advance(3000)
    np.testing.assert_allclose(robot.targets, 1.31, atol=1e-6)
