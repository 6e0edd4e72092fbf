"""What is known of a robot: one model for all of them, so that nothing asks which robot it is.

Metres, radians, newtons; numbers of the official environments unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from vla_gym_sapien.control.base import PathLimits
from vla_gym_sapien.control.gripper import FingerCommand
from vla_gym_sapien.grasping import Finger
from vla_gym_sapien.interface import CameraModel, Drive, Solver, Surface
from vla_gym_sapien.poses import Pose, multiply_quaternions

from vla_gym.contract.spec import GripperSpec, Reference

_FACES_THE_TABLE = np.array([0.0, 0.0, 0.0, 1.0])
"""The robots stand turned by 180 degrees about z."""


@dataclass(frozen=True)
class TargetControl:
    """Deltas of a target pose that persists, and finger positions.

    Attributes:
        closed: Finger position of the gripper number -1.
        open: Finger position of the gripper number 1.
    """

    closed: float
    open: float


@dataclass(frozen=True)
class PlannedControl:
    """Deltas of the measured pose and of the fingers' target, along planned joint paths.

    Attributes:
        arm: Limits of the arm's path.
        fingers: Limits of the fingers' path.
        command: What a gripper number means.
    """

    arm: PathLimits
    fingers: PathLimits
    command: FingerCommand


@dataclass(frozen=True)
class Travel:
    """How a gripper's opening follows from its fingers.

    Attributes:
        start: Finger position where the travel begins.
        length: Of the travel.
        closes: The fingers close as they go; otherwise they open.
    """

    start: float
    length: float
    closes: bool

    def opening(self, position: float) -> float:
        """Return the opening at a finger position, from 0 (closed) to 1."""
        share = (position - self.start) / self.length
        return float(np.clip(1.0 - share if self.closes else share, 0.0, 1.0))


@dataclass(frozen=True)
class RobotFacts:
    """A robot as the official environments set it up.

    Attributes:
        urdf: Below the folder of robot descriptions; ``{version}`` is a recolouring.
        versions: Recolourings; ``""`` is the plain one.
        joints: In the order of official vectors.
        hand: The link that actions move.
        control_hz: Actions per second.
        step_hz: Simulation steps per second.
        camera: The camera that policies see.
        fingers: For grasp tests.
        grasp_degrees: Largest angle between contact impulse and opening direction.
        initial: Joint positions at reset.
        moving: Joints of the inverse kinematics.
        finger_joints: Joints of the gripper.
        place: Where its base stands if a task does not say otherwise.
        gripper: What the gripper number of an action means.
        reference: The pose that an action is added to.
        control: How actions become drive targets.
        travel: Of the fingers.
        substeps: Engine steps for each simulation step.
        tgs: Solved by TGS, as the official environments are; otherwise by PGS (see ``engine``).
    """

    name: str
    urdf: str
    versions: tuple[str, ...]
    joints: tuple[str, ...]
    hand: str
    control_hz: int
    step_hz: int
    camera: CameraModel
    fingers: tuple[Finger, ...]
    grasp_degrees: float
    initial: tuple[float, ...]
    moving: tuple[str, ...]
    finger_joints: tuple[str, ...]
    place: tuple[float, float, float]
    gripper: GripperSpec
    reference: Reference
    control: TargetControl | PlannedControl
    travel: Travel
    drives: Mapping[str, Drive]
    surfaces: Mapping[str, Surface]
    collision_groups: Mapping[str, int] = field(default_factory=dict)
    substeps: int = 1
    tgs: bool = True

    @property
    def steps(self) -> int:
        """Simulation steps of one action."""
        return self.step_hz // self.control_hz

    def base(self, xy: tuple[float, float] | None = None, yaw: float = 0.0) -> Pose:
        """Return the world pose of the base at a place, turned by ``yaw`` from facing the table."""
        x, y, z = self.place
        turn = np.array([np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)])
        return Pose.of((*(xy or (x, y)), z), multiply_quaternions(turn, _FACES_THE_TABLE))

    def posture(self, changes: Mapping[str, float]) -> tuple[float, ...]:
        """Return the joint positions at reset, some of them changed."""
        pairs = zip(self.joints, self.initial, strict=True)
        return tuple(changes.get(joint, value) for joint, value in pairs)

    def solver(self, contact_offset: float) -> Solver:
        """Return how physics is solved while the robot is there."""
        return Solver(
            self.step_hz, substeps=self.substeps, contact_offset=contact_offset, tgs=self.tgs
        )

    def settling_solver(self, contact_offset: float) -> Solver:
        """Return how physics is solved while objects settle: as in the official environments."""
        return Solver(self.step_hz, contact_offset=contact_offset)


def drives(
    names: tuple[str, ...],
    stiffness: tuple[float, ...],
    damping: tuple[float, ...],
    limits: tuple[float, ...],
) -> dict[str, Drive]:
    """Return the drives of joints, from one number for each joint."""
    values = zip(names, stiffness, damping, limits, strict=True)
    return {name: Drive(kp, kd, limit) for name, kp, kd, limit in values}
