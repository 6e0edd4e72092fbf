"""Furniture with a joint: drawer, oven, toaster. Each faces the robot (-x) and does not move.

Positions of a joint are told as shares of its range: 0 is closed (or up), 1 is open (or pressed).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import pi
from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
from vla_gym_sapien.interface import Color, Drive, RobotModel
from vla_gym_sapien.poses import F64, Pose

from vla_gym.assets import cached_file
from vla_gym_bdr.objects.model import Rest

Point = tuple[float, float, float]
Box = tuple[Point, Point, Color]  # half lengths, middle, colour

_WHITE: Color = (0.88, 0.88, 0.86)
_STEEL: Color = (0.55, 0.56, 0.58)
_DARK: Color = (0.06, 0.06, 0.07)
_PINE: Color = (0.74, 0.55, 0.32)
_OAK: Color = (0.55, 0.36, 0.18)
_RED: Color = (0.70, 0.06, 0.05)
_CRUST: Color = (0.72, 0.48, 0.22)


@dataclass(frozen=True)
class Joint:
    """The joint between the two links, ``body`` and ``part``.

    Attributes:
        kind: ``"prismatic"`` or ``"revolute"``.
        at: Origin of ``part`` in the frame of ``body`` when closed.
        axis: Direction of opening.
        reach: Range, m or rad.
        drive: Spring (towards 0) and damping.
        mass: Of ``part``, kg.
    """

    kind: str
    at: Point
    axis: Point
    reach: float
    drive: Drive
    mass: float = 0.4


@dataclass(frozen=True)
class Fixture:
    """A piece of furniture; its frame is at the middle of its underside.

    Attributes:
        name: As task files have it.
        body: Boxes that stand still.
        part: Boxes that move, in the frame of the joint.
        handle: Where ``part`` is taken or pressed, in its frame.
        verbs: Predicates that make sense for it.
        rest: Where things may be put, in the frame of ``part``.
        words: The name in an instruction.
    """

    name: str
    body: tuple[Box, ...]
    part: tuple[Box, ...]
    joint: Joint
    handle: Point
    verbs: tuple[str, ...]
    rest: Rest | None = None

    @property
    def words(self) -> str:
        """The name in an instruction."""
        return self.name

    @cached_property
    def half(self) -> tuple[float, float]:
        """Half lengths of the footprint of ``body``."""
        corners = np.array([np.abs(at) + half for half, at, _ in self.body])
        return float(corners[:, 0].max()), float(corners[:, 1].max())

    @property
    def sweep(self) -> float:
        """How far the moving part can come out of the front, m."""
        low = min(at[0] - half[0] for half, at, _ in self.part) + self.joint.at[0]
        out = -low - self.half[0]
        high = max(at[2] + half[2] for half, at, _ in self.part)
        return out + (self.joint.reach if self.joint.kind == "prismatic" else high)

    def model(self) -> RobotModel:
        """Return the articulation."""
        return RobotModel(self.name, self._urdf(), ("joint",), friction=0.05)

    def drives(self) -> dict[str, Drive]:
        """Return its spring and damping."""
        return {"joint": self.joint.drive}

    def part_pose(self, base: Pose, position: float) -> Pose:
        """Return the world pose of ``part`` at a joint position (m or rad)."""
        axis = np.array(self.joint.axis)
        if self.joint.kind == "prismatic":
            return base * Pose.of(np.array(self.joint.at) + axis * position)
        turn = (np.cos(position / 2), *(np.sin(position / 2) * axis))
        return base * Pose.of(self.joint.at, turn)

    def handle_at(self, base: Pose, position: float) -> F64:
        """Return the world position of the handle at a joint position."""
        return np.asarray(self.part_pose(base, position).apply(np.array(self.handle)))

    def _urdf(self) -> Path:
        robot = Xml.Element("robot", name=self.name)
        _add_link(robot, "body", self.body, mass=5.0)
        _add_link(robot, "part", self.part, mass=self.joint.mass)
        joint = Xml.SubElement(robot, "joint", name="joint", type=self.joint.kind)
        Xml.SubElement(joint, "parent", link="body")
        Xml.SubElement(joint, "child", link="part")
        Xml.SubElement(joint, "origin", xyz=_text(self.joint.at), rpy="0 0 0")
        Xml.SubElement(joint, "axis", xyz=_text(self.joint.axis))
        Xml.SubElement(
            joint, "limit", lower="0", upper=str(self.joint.reach), effort="100", velocity="10"
        )
        return cached_file(f"bdr/{self.name}.urdf", Xml.tostring(robot))


def _add_link(robot: Xml.Element, name: str, boxes: tuple[Box, ...], *, mass: float) -> None:
    """Add a link of boxes, all of them drawn and touched."""
    link = Xml.SubElement(robot, "link", name=name)
    for index, (half, at, color) in enumerate(boxes):
        for tag in ("visual", "collision"):
            element = Xml.SubElement(link, tag)
            Xml.SubElement(element, "origin", xyz=_text(at), rpy="0 0 0")
            geometry = Xml.SubElement(element, "geometry")
            Xml.SubElement(geometry, "box", size=_text([2 * h for h in half]))
            if tag == "visual":
                material = Xml.SubElement(element, "material", name=f"{name}{index}")
                Xml.SubElement(material, "color", rgba=_text([*color, 1.0]))
    inertial = Xml.SubElement(link, "inertial")
    Xml.SubElement(inertial, "origin", xyz=_text(boxes[0][1]), rpy="0 0 0")
    Xml.SubElement(inertial, "mass", value=str(mass))
    Xml.SubElement(
        inertial, "inertia", ixx="0.002", iyy="0.002", izz="0.002", ixy="0", ixz="0", iyz="0"
    )


def _text(values: tuple[float, ...] | list[float]) -> str:
    return " ".join(f"{v:g}" for v in values)


def _shell(
    x: float, y: float, low: float, high: float, wall: float, color: Color
) -> tuple[Box, ...]:
    """Return a cupboard that is open towards the robot."""
    z, h = (low + high) / 2, (high - low) / 2
    return (
        ((x, y, wall), (0, 0, low + wall), color),
        ((x, y, wall), (0, 0, high - wall), color),
        ((x, wall, h), (0, y - wall, z), color),
        ((x, wall, h), (0, wall - y, z), color),
        ((wall, y, h), (x - wall, 0, z), color),
    )


DRAWER = Fixture(
    "drawer",
    _shell(0.11, 0.15, 0.0, 0.14, 0.006, _PINE),
    (
        ((0.006, 0.136, 0.056), (0, 0, 0), _OAK),
        ((0.095, 0.130, 0.003), (0.10, 0, -0.048), _PINE),
        ((0.095, 0.004, 0.030), (0.10, 0.126, -0.020), _PINE),
        ((0.095, 0.004, 0.030), (0.10, -0.126, -0.020), _PINE),
        ((0.004, 0.130, 0.030), (0.190, 0, -0.020), _PINE),
        ((0.024, 0.012, 0.018), (-0.030, 0, 0.010), _STEEL),
    ),
    Joint("prismatic", (-0.105, 0, 0.070), (-1, 0, 0), 0.17, Drive(0.0, 12.0, 1000.0)),
    handle=(-0.036, 0, 0.010),
    verbs=("opened", "closed"),
    rest=Rest(-0.045, (0.085, 0.118)),
)
OVEN = Fixture(
    "oven",
    (
        *_shell(0.11, 0.15, 0.045, 0.29, 0.008, _WHITE),
        ((0.105, 0.145, 0.022), (0, 0, 0.022), _STEEL),
        ((0.004, 0.142, 0.022), (-0.107, 0, 0.262), _STEEL),
        ((0.012, 0.012, 0.012), (-0.120, 0.10, 0.262), _DARK),
        ((0.012, 0.012, 0.012), (-0.120, -0.10, 0.262), _DARK),
        ((0.095, 0.135, 0.002), (0.0, 0, 0.12), _STEEL),
    ),
    (
        ((0.006, 0.140, 0.014), (0, 0, 0.014), _WHITE),
        ((0.006, 0.140, 0.014), (0, 0, 0.152), _WHITE),
        ((0.006, 0.020, 0.060), (0, 0.120, 0.083), _WHITE),
        ((0.006, 0.020, 0.060), (0, -0.120, 0.083), _WHITE),
        ((0.004, 0.105, 0.058), (0, 0, 0.083), _DARK),
        ((0.024, 0.013, 0.018), (-0.026, 0, 0.162), _RED),
    ),
    Joint("revolute", (-0.118, 0, 0.068), (0, -1, 0), pi / 2, Drive(0.0, 0.15, 1000.0)),
    handle=(-0.034, 0, 0.164),
    verbs=("opened", "closed"),
)
TOASTER = Fixture(
    "toaster",
    (
        ((0.060, 0.105, 0.068), (0, 0, 0.076), _STEEL),
        ((0.055, 0.100, 0.004), (0, 0, 0.004), _DARK),
        ((0.010, 0.080, 0.002), (-0.025, 0, 0.1445), _DARK),
        ((0.010, 0.080, 0.002), (0.025, 0, 0.1445), _DARK),
        ((0.007, 0.045, 0.022), (-0.025, 0, 0.150), _CRUST),
        ((0.007, 0.045, 0.022), (0.025, 0, 0.150), _CRUST),
        ((0.001, 0.004, 0.040), (-0.0605, 0, 0.085), _DARK),
    ),
    (((0.016, 0.016, 0.007), (-0.020, 0, 0), _RED),),
    Joint("prismatic", (-0.062, 0, 0.115), (0, 0, -1), 0.055, Drive(100.0, 6.0, 1000.0), mass=0.01),
    handle=(-0.022, 0, 0.007),
    verbs=("pressed",),
)
FIXTURES = {fixture.name: fixture for fixture in (DRAWER, OVEN, TOASTER)}
