"""A Panda with CALVIN's longer fingers, wrist camera and tool point.

Arm, inertials and collision meshes come from ``pybullet_data`` on the user's machine (Apache-2.0,
in every PyBullet wheel; nothing of it is in this repository), its visual meshes in a light copy.
The fingers are ours. Link and joint names, order and numbers are those of CALVIN's robot: joints
0-6 arm, 7 link8, 8 hand, 9 and 11 fingers, 10 and 12 their tips, 14 camera, 15 tool point.
"""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pybullet_data

from vla_gym_calvin.scene_assets.builtin import urdf
from vla_gym_calvin.scene_assets.builtin.mesh import Mesh
from vla_gym_calvin.scene_assets.low import is_heavy, lighten

# The finger in its link frame, as rectangles at heights z along it: half width in x, then the
# range of y (y = 0 is where closed fingers meet). It tapers to a narrow end, as CALVIN's does.
_SECTIONS = (
    (0.0002, 0.0103, (0.0062, 0.0270)),
    (0.0340, 0.0103, (0.0052, 0.0216)),
    (0.0650, 0.0098, (0.0042, 0.0142)),
    (0.0905, 0.0086, (0.0041, 0.0074)),
    (0.0962, 0.0058, (0.0044, 0.0066)),
)
# The rubber pad in its tip frame, whose x points at the other finger. Its face meets the other's
# where CALVIN's gel pads meet (0.1 mm apart), and is flat, which holds blocks steadier.
_PAD_LOW, _PAD_HIGH = (0.0155, -0.0097, 0.0040), (0.0209, 0.0097, 0.0302)
_PAD_GREY = (0.36, 0.37, 0.39, 1.0)
_CAMERA_GREY = (0.30, 0.31, 0.33, 1.0)
_CAMERA_HALF = (0.04, 0.0125, 0.005)

_TIP_ORIGIN, _TIP_TURN = (0.0009, 0.021, 0.066), 1.57  # from CALVIN's robot, mirrored for the right
_CAMERA_ORIGIN, _CAMERA_TURN = (-0.1, 0.0, 0.0), (1.3, 0.0, -1.57)
_TOOL_ORIGIN = (0.0, 0.0, 0.14)


def source_folder() -> Path:
    """Return the folder of the Panda that PyBullet brings."""
    return Path(pybullet_data.getDataPath()) / "franka_panda"


def build(folder: Path) -> Path:
    """Write the robot's URDF and meshes."""
    tree = ET.parse(source_folder() / "panda.urdf")
    root = tree.getroot()
    _write_meshes(folder)
    for link in root.iter("link"):
        if link.attrib["name"] in ("panda_leftfinger", "panda_rightfinger"):
            _replace_meshes(link, "finger.obj", "finger_collision.obj")
    _copy_meshes(root, folder)
    for joint in _joints():
        root.append(urdf.joint_element(joint))
    for added in _links():
        root.append(urdf.link_element(added))
    path = folder / "panda_longer_finger.urdf"
    urdf.save(root, path)
    return path


def _copy_meshes(root: ET.Element, folder: Path) -> None:
    """Bring the arm's meshes: collision as they are, visuals light."""
    for role in ("visual", "collision"):
        (folder / role).mkdir(exist_ok=True)
        for element in root.iterfind(f".//{role}/geometry/mesh"):
            name = element.attrib["filename"]
            if not name.startswith("package://"):
                continue
            source = source_folder() / name.removeprefix("package://")
            if not (folder / role / source.name).exists():
                if role == "visual" and is_heavy(source):
                    lighten(source, folder / role)
                else:
                    shutil.copyfile(source, folder / role / source.name)
            element.set("filename", f"{role}/{source.name}")


def _replace_meshes(link: ET.Element, visual: str, collision: str) -> None:
    for role, file in (("visual", visual), ("collision", collision)):
        for element in link.iterfind(f"{role}/geometry/mesh"):
            element.set("filename", file)


def _write_meshes(folder: Path) -> None:
    finger = Mesh()
    rings = [[(-x, y0, z), (x, y0, z), (x, y1, z), (-x, y1, z)] for z, x, (y0, y1) in _SECTIONS]
    finger.polygon(rings[0][::-1])
    for near, far in pairwise(rings):
        for i in range(4):
            j = (i + 1) % 4
            finger.polygon([near[i], near[j], far[j], far[i]])
    finger.polygon(rings[-1])
    finger.write(folder / "finger.obj")
    finger.write(folder / "finger_collision.obj")
    pad = Mesh()
    half = [(high - low) / 2 for low, high in zip(_PAD_LOW, _PAD_HIGH, strict=True)]
    pad.chamfered_box(half, 0.0012)
    pad.write(folder / "pad.obj")
    camera = Mesh()
    camera.chamfered_box(_CAMERA_HALF, 0.0015)
    camera.write(folder / "camera.obj")


def _links() -> list[urdf.Link]:
    pad = urdf.box(_PAD_LOW, _PAD_HIGH)
    tips = [
        urdf.Link(
            f"finger_{side}_tip",
            mass=0.0001,
            visual=(urdf.Shape("mesh", xyz=pad.xyz, file="pad.obj"),),
            collision=(pad,),
            rgba=_PAD_GREY,
            contact=(("lateral_friction", 1.0), ("spinning_friction", 0.001)),
        )
        for side in ("left", "right")
    ]
    camera = urdf.Link("gripper_cam", 0.2, visual=(urdf.mesh("camera.obj"),), rgba=_CAMERA_GREY)
    return [*tips, camera, urdf.Link("tcp", 0.00001)]


def _joints() -> list[urdf.Joint]:
    x, y, z = _TIP_ORIGIN
    left, right = (0.0, 0.0, -_TIP_TURN), (0.0, 0.0, _TIP_TURN)
    fixed, hand = "fixed", "panda_hand"
    return [
        urdf.Joint("camera_joint", fixed, hand, "gripper_cam", _CAMERA_ORIGIN, _CAMERA_TURN),
        urdf.Joint("tcp_joint", fixed, hand, "tcp", _TOOL_ORIGIN),
        urdf.Joint(
            "joint_finger_tip_left", fixed, "panda_leftfinger", "finger_left_tip", (x, y, z), left
        ),
        urdf.Joint(
            "joint_finger_tip_right",
            fixed,
            "panda_rightfinger",
            "finger_right_tip",
            (-x, -y, z),
            right,
        ),
    ]
