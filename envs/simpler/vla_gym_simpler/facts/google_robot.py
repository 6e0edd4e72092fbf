"""The Google Robot at a table and at a cabinet."""

from __future__ import annotations

from vla_gym_sapien.control.base import PathLimits
from vla_gym_sapien.control.gripper import FingerCommand
from vla_gym_sapien.grasping import Finger
from vla_gym_sapien.interface import CameraModel, Drive, Surface
from vla_gym_sapien.poses import Pose

from vla_gym.contract.spec import GripperSpec, Mode, Reference
from vla_gym_simpler.facts.robot import PlannedControl, RobotFacts, Travel, drives

_ARM = (
    "joint_torso",
    "joint_shoulder",
    "joint_bicep",
    "joint_elbow",
    "joint_forearm",
    "joint_wrist",
    "joint_gripper",
)
_FINGERS = ("joint_finger_right", "joint_finger_left")
_HEAD = ("joint_head_pan", "joint_head_tilt")

RECOLORINGS = (
    "",
    "recolor_tabletop_visual_matching_1",
    "recolor_tabletop_visual_matching_2",
    "recolor_cabinet_visual_matching_1",
)
"""Visual matching averages over these; the prepackaged evaluation draws one an episode."""

_SIDES = ("right", "left")
_TIP = Surface(2.0, patch_radius=0.1, min_patch_radius=0.1)
_NAIL = Surface(0.1, patch_radius=0.01, min_patch_radius=0.01)

GOOGLE = RobotFacts(
    name="google_robot",
    urdf="googlerobot_description/google_robot_meta_sim_fix_wheel_fix_fingertip{version}.urdf",
    versions=RECOLORINGS,
    joints=(*_ARM, *_FINGERS, *_HEAD),
    hand="link_gripper_tcp",
    control_hz=3,
    step_hz=513,
    camera=CameraModel(
        link="link_camera",
        pose=Pose.of((0.0, 0.0, 0.0), (0.5, 0.5, -0.5, 0.5)),
        width=640,
        height=512,
        fx=425.0,
        fy=425.0,
        cx=320.0,
        cy=256.0,
    ),
    fingers=tuple(
        Finger((f"link_finger_tip_{side}", f"link_finger_{side}"), (0.0, 1.0, 0.0))
        for side in _SIDES
    ),
    grasp_degrees=80.0,
    initial=(
        -0.2639457174606611,
        0.0831913360274175,
        0.5017611504652179,
        1.156859026208673,
        0.028583671314766423,
        1.592598203487462,
        -1.080652960128774,
        0.0,
        0.0,
        -0.00285961,
        0.7851361,
    ),
    moving=(*_ARM, *_HEAD),
    finger_joints=_FINGERS,
    place=(0.35, 0.20, 0.06205 + 0.017),
    gripper=GripperSpec(open=-1.0, closed=1.0, mode=Mode.DELTA, binary=False),
    reference=Reference.MEASURED,
    control=PlannedControl(
        arm=PathLimits(velocity=1.5, acceleration=2.0, jerk=50.0),
        fingers=PathLimits(velocity=1.0, acceleration=7.0, jerk=50.0),
        command=FingerCommand(scale=1.31, hold_below=1e-3, margin=0.01),
    ),
    travel=Travel(start=0.0, length=1.3, closes=True),  # the joints' limits
    substeps=4,  # ours, with PGS: see the engine module
    tgs=False,
    drives={
        **drives(
            (*_ARM, *_HEAD),
            (
                1700.0,
                1737.0471680861954,
                979.975871856535,
                930.0,
                1212.154500274304,
                432.96500923932535,
                468.0013365498738,
                2000.0,
                2000.0,
            ),
            (
                1059.9791902443303,
                1010.4720585373592,
                767.2803161582076,
                680.0,
                674.9946964336588,
                274.613381336198,
                340.532560578637,
                900.0,
                900.0,
            ),
            (300.0, 300.0, *(100.0,) * 7),
        ),
        **{name: Drive(200.0, 8.0, 60.0) for name in _FINGERS},
    },
    surfaces={
        "link_base": Surface(0.1, dynamic_friction=0.0),
        **{
            name: Surface(1.0, dynamic_friction=0.0)
            for name in (
                "link_wheel_left",
                "link_wheel_right",
                "link_rear_wheel_left",
                "link_rear_wheel_right",
            )
        },
        **{f"link_finger_{side}": _TIP for side in _SIDES},
        **{f"link_finger_tip_{side}": _TIP for side in _SIDES},
        **{f"link_finger_nail_{side}": _NAIL for side in _SIDES},
    },
)

HEAD_TILTS = {"alt_camera_1": 0.9351361, "alt_camera_2": 0.6651361}
"""Head tilt (rad) of the two camera variants of coke and move near."""
DRAWER_HEAD = {"joint_head_pan": -0.025, "joint_head_tilt": 0.008}
"""Added to the head (rad) in variant aggregation with drawers."""
