"""The two robots: joints, gains, initial positions, cameras, grippers. Metres, radians, newtons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import radians

from vla_gym_sapien.control.base import PathLimits
from vla_gym_sapien.grasping import Finger
from vla_gym_sapien.interface import CameraModel, Drive, Surface
from vla_gym_sapien.poses import Pose


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
    drives: Mapping[str, Drive]
    surfaces: Mapping[str, Surface]
    collision_groups: Mapping[str, int] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Simulation steps of one action."""
        return self.step_hz // self.control_hz


def _drives(
    names: tuple[str, ...],
    stiffness: tuple[float, ...],
    damping: tuple[float, ...],
    limits: tuple[float, ...],
) -> dict[str, Drive]:
    values = zip(names, stiffness, damping, limits, strict=True)
    return {name: Drive(kp, kd, limit) for name, kp, kd, limit in values}


# --- WidowX 250S ------------------------------------------------------------------------------

_WX_ARM = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate")
_WX_FINGERS = ("left_finger", "right_finger")

WIDOWX_CLOSED, WIDOWX_OPEN = 0.014, 0.038  # finger positions of gripper actions -1 and +1

WIDOWX = RobotFacts(
    name="widowx",
    urdf="widowx_description/wx250s.urdf",
    versions=("",),
    joints=(*_WX_ARM, *_WX_FINGERS),
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
    moving=_WX_ARM,
    finger_joints=_WX_FINGERS,
    drives={
        **_drives(
            _WX_ARM,
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
        **{name: Drive(1000.0, 200.0, 60.0) for name in _WX_FINGERS},
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

WIDOWX_BASE = (0.147, 0.028, 0.870)

# The sink set-up: another place, initial position and camera.
WIDOWX_SINK_BASE = (0.127, 0.060, 0.85)
WIDOWX_SINK_INITIAL = (
    -0.2600599,
    -0.12875618,
    0.04461369,
    -0.00652761,
    1.7033415,
    -0.26983038,
    0.037,
    0.037,
)
WIDOWX_SINK_CAMERA = CameraModel(
    link="base_link",
    pose=Pose.of((-0.00300001, -0.21, 0.39), (-0.907313, 0.0782, -0.36434, -0.194741)),
    width=640,
    height=480,
    fx=623.588,
    fy=623.588,
    cx=319.501,
    cy=239.545,
    near=0.01,
)

# --- Google Robot -----------------------------------------------------------------------------

_GOOGLE_ARM = (
    "joint_torso",
    "joint_shoulder",
    "joint_bicep",
    "joint_elbow",
    "joint_forearm",
    "joint_wrist",
    "joint_gripper",
)
_GOOGLE_FINGERS = ("joint_finger_right", "joint_finger_left")
_GOOGLE_HEAD = ("joint_head_pan", "joint_head_tilt")

GOOGLE_RECOLORINGS = (
    "",
    "recolor_tabletop_visual_matching_1",
    "recolor_tabletop_visual_matching_2",
    "recolor_cabinet_visual_matching_1",
)
"""Visual matching averages over these; the prepackaged evaluation draws one an episode."""

GOOGLE_ARM_LIMITS = PathLimits(velocity=1.5, acceleration=2.0, jerk=50.0)
GOOGLE_GRIPPER_LIMITS = PathLimits(velocity=1.0, acceleration=7.0, jerk=50.0)
GOOGLE_GRIPPER_SCALE = 1.31  # rad that a gripper action of 1 moves the target
GOOGLE_GRIPPER_HOLD = 1e-3  # rad; smaller changes keep the target
GOOGLE_GRIPPER_MARGIN = 0.01  # rad that the target may lie beyond the joint limits

_SIDES = ("right", "left")
_TIP = Surface(2.0, patch_radius=0.1, min_patch_radius=0.1)
_NAIL = Surface(0.1, patch_radius=0.01, min_patch_radius=0.01)

GOOGLE = RobotFacts(
    name="google_robot",
    urdf="googlerobot_description/google_robot_meta_sim_fix_wheel_fix_fingertip{version}.urdf",
    versions=GOOGLE_RECOLORINGS,
    joints=(*_GOOGLE_ARM, *_GOOGLE_FINGERS, *_GOOGLE_HEAD),
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
    moving=(*_GOOGLE_ARM, *_GOOGLE_HEAD),
    finger_joints=_GOOGLE_FINGERS,
    drives={
        **_drives(
            (*_GOOGLE_ARM, *_GOOGLE_HEAD),
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
        **{name: Drive(200.0, 8.0, 60.0) for name in _GOOGLE_FINGERS},
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

GOOGLE_BASE_Z = 0.06205 + 0.017
GOOGLE_HEAD_TILTS = {"alt_camera_1": 0.9351361, "alt_camera_2": 0.6651361}
"""Head tilt of the two camera variants of coke and move near."""
GOOGLE_DRAWER_CAMERA = {"joint_head_pan": -0.025, "joint_head_tilt": 0.008}
"""Added to the head of variant aggregation with drawers."""

HALF_TURN = radians(180.0)
