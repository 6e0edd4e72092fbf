"""Writes the small part of URDF that the built-in scenes need, and nothing clever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

Vector = Sequence[float]
WHITE = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Shape:
    """One geometry of a link.

    Attributes:
        kind: ``box`` (size), ``cylinder`` (radius, length), ``sphere`` (radius) or ``mesh``.
        size: The numbers of that kind; empty for a mesh.
        xyz: Position in the link frame.
        rpy: Orientation in the link frame.
        file: File name of a mesh, relative to the URDF.
    """

    kind: str
    size: tuple[float, ...] = ()
    xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rpy: tuple[float, float, float] = (0.0, 0.0, 0.0)
    file: str = ""


@dataclass(frozen=True)
class Link:
    """A link with one visual mesh and any number of collision shapes.

    Attributes:
        name: Link name.
        mass: Kilograms (0: fixed).
        com: Centre of mass in the link frame.
        visual: The visual shapes.
        collision: The collision shapes.
        rgba: Colour of the visuals.
        contact: (tag, value) pairs of the ``<contact>`` element.
        inertia: The diagonal of the inertia tensor; PyBullet computes its own from the shapes.
    """

    name: str
    mass: float = 0.0
    com: tuple[float, float, float] = (0.0, 0.0, 0.0)
    visual: tuple[Shape, ...] = ()
    collision: tuple[Shape, ...] = ()
    rgba: tuple[float, float, float, float] = WHITE
    contact: tuple[tuple[str, float | None], ...] = ()
    inertia: float = 0.001


@dataclass(frozen=True)
class Joint:
    """A joint between two links; ``limit`` is (lower, upper) of a prismatic one."""

    name: str
    kind: str
    parent: str
    child: str
    xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rpy: tuple[float, float, float] = (0.0, 0.0, 0.0)
    axis: tuple[float, float, float] | None = None
    limit: tuple[float, float] | None = None


def box(low: Vector, high: Vector) -> Shape:
    """Return the box between two opposite corners."""
    size = tuple(b - a for a, b in zip(low, high, strict=True))
    x, y, z = ((a + b) / 2 for a, b in zip(low, high, strict=True))
    return Shape("box", size, (x, y, z))


def mesh(file: str) -> Shape:
    """Return a mesh shape."""
    return Shape("mesh", file=file)


def write(
    path: Path,
    name: str,
    links: Sequence[Link],
    joints: Sequence[Joint] = (),
    *,
    scaling: float = 1.0,
) -> None:
    """Write a URDF whose lengths, given in metres, are divided by ``scaling``.

    Meshes are referred to as they are: ``Mesh.write`` has scaled them already.
    """
    root = ElementTree.Element("robot", name=name)
    for link in links:
        root.append(link_element(link, scaling=scaling))
    for joint in joints:
        root.append(joint_element(joint, scaling=scaling))
    save(root, path)


def save(root: ElementTree.Element, path: Path) -> None:
    """Write an element tree as an indented file."""
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def link_element(link: Link, *, scaling: float = 1.0) -> ElementTree.Element:
    """Return the ``<link>`` element."""
    element = ElementTree.Element("link", name=link.name)
    if link.contact:
        contact = ElementTree.SubElement(element, "contact")
        for tag, value in link.contact:
            node = ElementTree.SubElement(contact, tag)
            if value is not None:
                node.set("value", _number(value))
    inertial = ElementTree.SubElement(element, "inertial")
    _origin(inertial, _scaled(link.com, scaling))
    ElementTree.SubElement(inertial, "mass", value=_number(link.mass))
    diagonal = {axis: _number(link.inertia) for axis in ("ixx", "iyy", "izz")}
    ElementTree.SubElement(inertial, "inertia", {**diagonal, "ixy": "0", "ixz": "0", "iyz": "0"})
    for shape in link.visual:
        visual = _geometry(element, "visual", shape, scaling)
        colour = f"{link.name}_" + "_".join(_number(c) for c in link.rgba)
        material = ElementTree.SubElement(visual, "material", name=colour)
        ElementTree.SubElement(material, "color", rgba=_join(link.rgba))
    for shape in link.collision:
        _geometry(element, "collision", shape, scaling)
    return element


def joint_element(joint: Joint, *, scaling: float = 1.0) -> ElementTree.Element:
    """Return the ``<joint>`` element."""
    element = ElementTree.Element("joint", name=joint.name, type=joint.kind)
    _origin(element, _scaled(joint.xyz, scaling), joint.rpy)
    ElementTree.SubElement(element, "parent", link=joint.parent)
    ElementTree.SubElement(element, "child", link=joint.child)
    if joint.axis is not None:
        ElementTree.SubElement(element, "axis", xyz=_join(joint.axis))
    if joint.limit is not None:
        lower, upper = _scaled(joint.limit, scaling)
        limit = {"lower": _number(lower), "upper": _number(upper), "effort": "0", "velocity": "0"}
        ElementTree.SubElement(element, "limit", limit)
    return element


def _geometry(
    parent: ElementTree.Element, role: str, shape: Shape, scaling: float
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, role)
    _origin(element, _scaled(shape.xyz, scaling), shape.rpy)
    geometry = ElementTree.SubElement(element, "geometry")
    size = _scaled(shape.size, scaling)
    if shape.kind == "mesh":
        ElementTree.SubElement(geometry, "mesh", filename=shape.file)
    elif shape.kind == "box":
        ElementTree.SubElement(geometry, "box", size=_join(size))
    elif shape.kind == "sphere":
        ElementTree.SubElement(geometry, "sphere", radius=_number(size[0]))
    else:
        radius, length = size
        ElementTree.SubElement(geometry, "cylinder", radius=_number(radius), length=_number(length))
    return element


def _origin(parent: ElementTree.Element, xyz: Vector, rpy: Vector = (0.0, 0.0, 0.0)) -> None:
    ElementTree.SubElement(parent, "origin", xyz=_join(xyz), rpy=_join(rpy))


def _scaled(values: Vector, scaling: float) -> tuple[float, ...]:
    return tuple(value / scaling for value in values)


def _join(values: Vector) -> str:
    return " ".join(_number(value) for value in values)


def _number(value: float) -> str:
    return f"{value:.12g}"
