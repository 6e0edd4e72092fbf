"""The WidowX 250S as it stands at the Bridge table and at the sink."""

from __future__ import annotations

from dataclasses import replace

from vla_gym_sapien.grasping import Finger
from vla_gym_sapien.interface import CameraModel, Drive, Surface
from vla_gym_sapien.poses import Pose

from vla_gym.contract.spec import GripperSpec, Mode, Reference
from vla_gym_simpler.facts.robot import RobotFacts, TargetControl, Travel, drives

_ARM = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate")
_FINGERS = ("left_finger", "right_finger")

WIDOWX = RobotFacts(
    name="widowx",
    urdf="widowx_description/wx250s.urdf",
    versions=("",),
    joints=(*_ARM, *_FINGERS),
    hand="ee_gripper_link",
    control_hz=5,
    step_hz=500,
    camera=CameraModel(
        link="base_link",
        pose=Pose.of((0.0, -0.16, 0.36), (0.8992917, -0.09263245, 0.35892478, 0.23209205)),
        width=640,
        height=480,
        fx=623.588,
        fy=623.588,
        cx=319.501,
        cy=239.545,
    ),
    fingers=(
        Finger(("left_finger_link",), (0.0, 1.0, 0.0)),
        Finger(("right_finger_link",), (0.0, -1.0, 0.0)),
    ),
    grasp_degrees=60.0,
    initial=(
        -0.01840777,
        0.0398835,
        0.22242722,
        -0.00460194,
        1.36524296,
        0.00153398,
        0.037,
        0.037,
    ),
    moving=_ARM,
    finger_joints=_FINGERS,
    place=(0.147, 0.028, 0.870),
    gripper=GripperSpec(open=1.0, closed=-1.0, mode=Mode.ABSOLUTE, binary=False),
    reference=Reference.COMMANDED,
    control=TargetControl(closed=0.014, open=0.038),
    travel=Travel(start=0.015, length=0.022, closes=False),  # the joints' limits are 15, 37 mm
    drives={
        **drives(
            _ARM,
            (
                1169.7891719504198,
                730.0,
                808.4601346394447,
                1229.1299089624076,
                1272.2760456418862,
                1056.3326605132252,
            ),
            (
                330.0,
                180.0,
                152.12036565582588,
                309.6215302722146,
                201.04998711007383,
                269.51458932695414,
            ),
            (200.0, 200.0, 100.0, 100.0, 100.0, 100.0),
        ),
        **{name: Drive(1000.0, 200.0, 60.0) for name in _FINGERS},
    },
    surfaces={
        name: Surface(2.0, patch_radius=0.01, min_patch_radius=0.01)
        for name in ("left_finger_link", "right_finger_link")
    },
    collision_groups={
        "gripper_bar_link": 0b11,
        "left_finger_link": 0b01,
        "right_finger_link": 0b10,
    },
)

WIDOWX_SINK = replace(
    WIDOWX,
    place=(0.127, 0.060, 0.85),
    initial=(
        -0.2600599,
        -0.12875618,
        0.04461369,
        -0.00652761,
        1.7033415,
        -0.26983038,
        0.037,
        0.037,
    ),
    camera=CameraModel(
        link="base_link",
        pose=Pose.of((-0.00300001, -0.21, 0.39), (-0.907313, 0.0782, -0.36434, -0.194741)),
        width=640,
        height=480,
        fx=623.588,
        fy=623.588,
        cx=319.501,
        cy=239.545,
        near=0.01,
    ),
)
"""The same robot at the sink: another place, initial position and camera."""
