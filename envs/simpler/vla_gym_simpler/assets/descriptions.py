"""Robot and cabinet descriptions of our own, written as URDF files into the cache.

* WidowX 250S: Interbotix' meshes and numbers (BSD-2) from the ``rtb-data`` wheel, with the fixed
  gripper motor and the joint limits of the official description.
* Google Robot: a stand-in arm of plain shapes on the robot's published joint frames, so that
  actions, reach and camera are the same and only the looks differ.
* Cabinet: boxes of the official station's measures.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import util
from pathlib import Path
from xml.etree import ElementTree

from vla_gym.assets import cached_file
from vla_gym.errors import MissingDependencyError

_XACRO = "xacro/trossen_descriptions/urdf/wx250s.urdf.xacro"
_BLACK = "0.06 0.06 0.07 1"
_HALF = 3.14159265359
_one_at_a_time = threading.Lock()
"""xacro keeps the file that it reads in variables of its module."""


def _written(name: str, text: str) -> Path:
    """Return a file of this content in the cache."""
    return cached_file(f"simpler/{name}.urdf", text.encode())


@lru_cache(maxsize=1)
def widowx() -> Path:
    """Return the WidowX 250S.

    Raises:
        MissingDependencyError: Without the wheels that bring it.
    """
    spec = util.find_spec("rtbdata")
    if spec is None or spec.origin is None or util.find_spec("xacro") is None:
        raise MissingDependencyError(
            "The built-in WidowX needs rtb-data and xacro; install with: pip install rtb-data xacro"
        )
    import xacro

    root = Path(spec.origin).parent
    with _one_at_a_time:
        document = xacro.process_file(str(root / _XACRO), mappings={"robot_name": "R"})
    text = document.toxml().replace('"R/', '"')
    text = text.replace("package://trossen_descriptions", str(root / "xacro/trossen_descriptions"))
    return _written("wx250s", _as_official(text))


_TURNED_JOINTS = ("elbow", "wrist_angle", "right_finger")
"""Joints that count the other way: the frames behind the elbow are rolled by half a turn here, and
the right finger opens towards negative positions."""


def _roll_back(joint: ElementTree.Element) -> None:
    """Undo the roll of the frames behind the elbow for the hand, whose pose policies see."""
    origin = joint.find("origin")
    assert origin is not None
    origin.set("rpy", _numbers((_HALF, 0.0, 0.0)))


def _turn_round(joint: ElementTree.Element) -> None:
    """Let a joint count the other way: its axis and its limits are mirrored."""
    axis, limit = joint.find("axis"), joint.find("limit")
    assert axis is not None
    assert limit is not None
    axis.set("xyz", _numbers([-float(x) for x in axis.get("xyz", "0 0 1").split()]))
    lower, upper = limit.get("lower", "0"), limit.get("upper", "0")
    limit.set("lower", str(-float(upper)))
    limit.set("upper", str(-float(lower)))


def _as_official(text: str) -> str:
    """Return the description with the gripper motor fixed, and colours in place of a texture."""
    robot = ElementTree.fromstring(text)
    for transmission in robot.findall("transmission"):
        robot.remove(transmission)
    for joint in robot.findall("joint"):
        for mimic in joint.findall("mimic"):
            joint.remove(mimic)
        if joint.get("name") == "gripper":
            joint.set("type", "fixed")
        if joint.get("name") in _TURNED_JOINTS:
            _turn_round(joint)
        if joint.get("name") == "ee_gripper":
            _roll_back(joint)
    for material in robot.iter("material"):
        for texture in material.findall("texture"):
            material.remove(texture)
            ElementTree.SubElement(material, "color", rgba=_BLACK)
    return ElementTree.tostring(robot, encoding="unicode")


# --- a small writer ---------------------------------------------------------------------------

Vector = tuple[float, float, float]
_ZERO = (0.0, 0.0, 0.0)


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.6g}" for value in values)


def _box(
    size: Vector, xyz: Vector, color: str, *, collides: bool = True, rpy: Vector = _ZERO
) -> str:
    """Return a box of a link: drawn, and touched unless it is decoration."""
    origin = f'<origin xyz="{_numbers(xyz)}" rpy="{_numbers(rpy)}"/>'
    geometry = f'<geometry><box size="{_numbers(size)}"/></geometry>'
    drawn = f'<visual>{origin}{geometry}<material name="{color}"/></visual>'
    return f"<collision>{origin}{geometry}</collision>{drawn}" if collides else drawn


def _link(
    name: str,
    *parts: str,
    mass: float = 0.0,
    centre: Vector = _ZERO,
    inertia: Vector | None = None,
) -> str:
    x, y, z = inertia or (max(1e-5, mass * 0.01),) * 3
    diagonal = f'ixx="{x:.3g}" iyy="{y:.3g}" izz="{z:.3g}"'
    inertial = (
        f'<inertial><origin xyz="{_numbers(centre)}"/><mass value="{mass}"/>'
        f'<inertia {diagonal} ixy="0" ixz="0" iyz="0"/></inertial>'
        if mass
        else ""
    )
    return f'<link name="{name}">{inertial}{"".join(parts)}</link>'


def _joint(
    name: str,
    links: tuple[str, str],
    xyz: Vector,
    *,
    rpy: Vector = _ZERO,
    axis: Vector = (0.0, 0.0, 1.0),
    moves: tuple[str, float, float] | None = None,
) -> str:
    """Return a joint from the first of two links to the second.

    ``moves`` is its type and its limits (m or rad); without it the joint is fixed.
    """
    parent, child = links
    kind, limit = "fixed", ""
    if moves is not None:
        kind, lower, upper = moves
        limit = f'<limit lower="{lower}" upper="{upper}" effort="100" velocity="3"/>'
    return (
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>'
        f'<origin xyz="{_numbers(xyz)}" rpy="{_numbers(rpy)}"/><axis xyz="{_numbers(axis)}"/>'
        f"{limit}</joint>"
    )


def _robot(name: str, colors: dict[str, str], *parts: str) -> str:
    materials = "".join(
        f'<material name="{key}"><color rgba="{value}"/></material>'
        for key, value in colors.items()
    )
    # Materials are repeated inside the visuals: SAPIEN's loader reads them there.
    body = "".join(parts)
    for key, value in colors.items():
        inside = f'<material name="{key}"><color rgba="{value}"/></material>'
        body = re.sub(f'<material name="{key}"/>', inside, body)
    return f'<robot name="{name}">{materials}{body}</robot>'


# --- cabinet ------------------------------------------------------------------------------------

_STATION_COLORS = {
    "mk_station": ("0.52 0.47 0.42 1", "0.75 0.72 0.68 1"),
    "mk_station2": ("0.28 0.33 0.38 1", "0.80 0.80 0.78 1"),
    "mk_station3": ("0.62 0.50 0.36 1", "0.85 0.80 0.70 1"),
    "mk_station4": ("0.40 0.42 0.40 1", "0.70 0.70 0.70 1"),
    "mk_station_recolor": ("0.325 0.187 0.1166 1", "0.52 0.325 0.18 1"),
}
_DRAWER_HEIGHTS = {"top": 0.668, "middle": 0.423, "bottom": 0.178}  # m


@lru_cache(maxsize=len(_STATION_COLORS))
def station(name: str) -> Path:
    """Return a cabinet with three drawers, of the official measures (m)."""
    wood, inside = _STATION_COLORS.get(name, _STATION_COLORS["mk_station"])
    colors = {"wood": wood, "inside": inside, "metal": "0.03 0.03 0.03 1"}
    body = _link(
        "body",
        _box((0.02, 0.615, 0.845), (-0.305, 0.0, 0.4225), "wood"),
        _box((0.59, 0.02, 0.845), (0.0, -0.2975, 0.4225), "wood"),
        _box((0.59, 0.02, 0.845), (0.0, 0.2975, 0.4225), "wood"),
        _box((0.63, 0.615, 0.02), (0.0, 0.0, 0.855), "inside"),
    )
    drawers = "".join(
        _drawer(f"{place}_drawer")
        + _joint(
            f"{place}_drawer_joint",
            ("body", f"{place}_drawer"),
            (0.0, 0.0, height),
            axis=(1.0, 0.0, 0.0),
            moves=("prismatic", 0.0, 0.5),
        )
        for place, height in _DRAWER_HEIGHTS.items()
    )
    return _written(name, _robot(name, colors, body, drawers))


def _drawer(name: str) -> str:
    """Return a drawer; the floor is the third collision shape, which the apple task asks for."""
    return _link(
        name,
        _box((0.005, 0.1, 0.005), (0.3425, 0.0, 0.02), "metal", collides=False),
        _box((0.02, 0.005, 0.005), (0.3325, -0.05, 0.02), "metal", collides=False),
        _box((0.02, 0.005, 0.005), (0.3325, 0.05, 0.02), "metal", collides=False),
        _box((0.015, 0.615, 0.14), (0.305, 0.0, 0.0), "wood"),
        _box((0.02, 0.515, 0.1), (-0.285, 0.0, -0.02), "inside"),
        _box((0.55, 0.515, 0.02), (0.0, 0.0, -0.06), "inside"),
        _box((0.02, 0.515, 0.1), (0.285, 0.0, -0.02), "inside"),
        _box((0.59, 0.02, 0.1), (0.0, -0.2675, -0.02), "inside"),
        _box((0.59, 0.02, 0.1), (0.0, 0.2675, -0.02), "inside"),
    )


# --- Google Robot -------------------------------------------------------------------------------

_QUARTER = 1.57079632679
_GOOGLE_COLORS = {
    "white": "0.82 0.82 0.80 1",
    "grey": "0.35 0.36 0.38 1",
    "dark": "0.10 0.10 0.11 1",
    "sand": "0.70 0.55 0.33 1",
}


@lru_cache(maxsize=1)
def google_robot() -> Path:
    """Return the stand-in for the Google Robot: its joint frames, plain shapes for links.

    Shoulder and bicep are only drawn: a folded forearm would touch them, unlike the robot's.
    """
    links = (
        _link(
            "link_base",
            _box((0.45, 0.38, 0.30), (-0.05, 0.0, 0.12), "grey"),
            _box((0.22, 0.24, 0.32), (0.0, 0.0, 0.42), "white"),
            _box((0.12, 0.12, 0.45), (-0.14, 0.0, 0.80), "white", collides=False),
        ),
        _link("link_torso", _box((0.16, 0.22, 0.16), (0.0, -0.06, 0.11), "white"), mass=1.9),
        _link(
            "link_shoulder",
            _box((0.11, 0.11, 0.26), (0.0, 0.0, 0.08), "white", collides=False),
            mass=1.5,
        ),
        _link(
            "link_bicep",
            _box((0.10, 0.10, 0.20), (0.0, -0.03, 0.10), "grey", collides=False),
            mass=1.25,
        ),
        _link("link_elbow", _box((0.10, 0.14, 0.12), (0.0, -0.06, 0.03), "white"), mass=0.9),
        _link("link_forearm", _box((0.09, 0.09, 0.24), (0.0, 0.0, 0.13), "grey"), mass=0.8),
        _link("link_wrist", _box((0.08, 0.08, 0.11), (0.0, 0.0, 0.05), "white"), mass=0.6),
        _link("link_gripper", _box((0.05, 0.10, 0.06), (0.0, 0.0, 0.03), "dark"), mass=0.4),
        _link("link_gripper_tcp", mass=0.001),
        _link("link_head_pan", _box((0.10, 0.10, 0.10), (0.0, 0.0, 0.06), "white"), mass=0.5),
        _link("link_head_tilt", _box((0.08, 0.14, 0.08), (0.0, 0.0, 0.0), "dark"), mass=0.5),
        _link("link_camera", mass=0.001),
        *(_finger(side) for side in ("right", "left")),
    )
    return _written(
        "google_robot", _robot("google_robot", _GOOGLE_COLORS, *links, *_google_joints())
    )


def _finger(side: str) -> str:
    """Return a finger with the official masses: heavier ones bounce off what they close on."""
    return (
        _link(
            f"link_finger_{side}",
            _box((0.03, 0.016, 0.07), (0.0, -0.004, 0.032), "sand"),
            mass=0.0333,
            centre=(0.0, 0.0004, 0.0372),
            inertia=(9.32e-6, 6.08e-6, 3.24e-6),
        )
        + _link(
            f"link_finger_tip_{side}",
            _box((0.03, 0.012, 0.05), (0.0, 0.0, 0.022), "sand"),
            mass=0.0162,
            centre=(0.0, 0.0004, 0.0216),
            inertia=(1.066e-5, 1.147e-5, 1.78e-6),
        )
        + _link(
            f"link_finger_nail_{side}",
            _box((0.026, 0.006, 0.012), (0.0, 0.004, 0.0), "dark"),
            mass=0.001,
            inertia=(1e-7, 1e-7, 1e-7),
        )
    )


def _google_joints() -> tuple[str, ...]:
    """Return the published joint frames (m, rad)."""
    y = (0.0, 1.0, 0.0)
    wide = (-4.49, 1.35)
    arm = (
        ("torso", "base", (0.0, 0.0, 0.5945), (0.0, 0.0, 1.0), wide),
        ("shoulder", "torso", (0.0, -0.16728852885, 0.113), y, (-2.66, 3.18)),
        ("bicep", "shoulder", (0.0, 0.002289, 0.21502852885), (0.0, 0.0, 1.0), (-2.13, 3.71)),
        ("elbow", "bicep", (0.0, -0.064, 0.1849715), y, (-2.05, 3.79)),
        ("forearm", "elbow", (0.0, -0.101, 0.0915), (0.0, 0.0, 1.0), (-2.92, 2.92)),
        ("wrist", "forearm", (0.0, -0.00604, 0.2735), y, (-1.79, 1.79)),
        ("gripper", "wrist", (0.0, 0.0060384, 0.10911), (0.0, 0.0, 1.0), wide),
        ("head_pan", "base", (0.0, 0.0, 1.16902), (0.0, 0.0, 1.0), (-3.79, 2.22)),
        ("head_tilt", "head_pan", (0.07181, 0.0, 0.11848), y, (-1.17, 1.17)),
    )
    moving = tuple(
        _joint(
            f"joint_{name}",
            (f"link_{parent}", f"link_{name}"),
            xyz,
            axis=axis,
            moves=("revolute", *ends),
        )
        for name, parent, xyz, axis, ends in arm
    )
    fixed = (
        _joint(
            "gripper_tcp_joint",
            ("link_gripper", "link_gripper_tcp"),
            (0.0043374896, 0.0018852949, 0.16353297),
            rpy=(-0.001328879, -0.004439731, -0.000868651),
        ),
        _joint(
            "joint_camera_mount",
            ("link_head_tilt", "link_camera"),
            (0.10488, 0.0, 0.0),
            rpy=(-_QUARTER, 0.0, -_QUARTER),
        ),
    )
    fingers = tuple(
        _finger_joints(side, sign, turn)
        for side, sign, turn in (("right", -1.0, 3.14159265359), ("left", 1.0, 0.0))
    )
    return (*moving, *fixed, *fingers)


def _finger_joints(side: str, sign: float, turn: float) -> str:
    return (
        _joint(
            f"joint_finger_{side}",
            ("link_gripper", f"link_finger_{side}"),
            (0.0, sign * 0.025, 0.05861),
            rpy=(-1.15, 0.0, turn),
            axis=(1.0, 0.0, 0.0),
            moves=("revolute", -0.0001, 1.3),
        )
        + _joint(
            f"joint_finger_tip_{side}",
            (f"link_finger_{side}", f"link_finger_tip_{side}"),
            (0.0, -0.0103567, 0.0641556),
            rpy=(0.45, 0.0, 0.0),
        )
        + _joint(
            f"joint_finger_nail_{side}",
            (f"link_finger_tip_{side}", f"link_finger_nail_{side}"),
            (0.0, 0.0, 0.0463),
        )
    )


ROBOTS: Mapping[str, Callable[[], Path]] = {"widowx": widowx, "google_robot": google_robot}
"""What writes the description of a robot, by its name."""
