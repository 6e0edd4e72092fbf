"""How actions become drive targets: arms by Cartesian deltas, grippers by position."""

from vla_gym_sapien.control.arm import PlannedDeltaPose, TargetDeltaPose
from vla_gym_sapien.control.base import Controller, JointPath
from vla_gym_sapien.control.gripper import FingerCommand, PlannedDeltaGripper, PositionGripper

__all__ = [
    "Controller",
    "FingerCommand",
    "JointPath",
    "PlannedDeltaGripper",
    "PlannedDeltaPose",
    "PositionGripper",
    "TargetDeltaPose",
]
