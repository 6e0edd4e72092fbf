"""What a URDF shows and how its links hang together, with pybullet's numbering of links.

pybullet numbers links depth first, children in the order of their joints in the file; -1 is the
base. Its own list of visuals (``getVisualShapeData``) is not used: the EGL plugin fills it with
garbage, and it needs a client with all meshes loaded.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vla_gym_calvin.rendering.gl import hulls
from vla_gym_calvin.rendering.gl.meshes import Mesh, load_mesh
from vla_gym_calvin.rendering.gl.textures import texture_of

F64 = npt.NDArray[np.float64]
Color = tuple[float, float, float, float]

# Links without a material are coloured by their index.
_PALETTE: tuple[Color, ...] = (
    (60 / 256, 186 / 256, 84 / 256, 1.0),
    (244 / 256, 194 / 256, 13 / 256, 1.0),
    (219 / 256, 50 / 256, 54 / 256, 1.0),
    (72 / 256, 133 / 256, 237 / 256, 1.0),
)


@dataclass(frozen=True)
class Visual:
    """A coloured mesh in its link's centre-of-mass frame.

    Attributes:
        mesh: Positions in metres.
        color: RGBA that multiplies the texture.
        texture: Image file, or ``None`` for plain white.
    """

    mesh: Mesh
    color: Color
    texture: Path | None = None


@dataclass(frozen=True)
class Link:
    """A link and the joint that moves it.

    Attributes:
        name: From the file.
        parent: Index of the parent link, -1 for the base (and for the base itself).
        origin: Joint frame in the parent's link frame at position 0, ``(4, 4)``.
        axis: Joint axis in the joint frame, ``(3,)``.
        kind: ``"revolute"``, ``"prismatic"`` or ``"fixed"``.
        inertial: Centre-of-mass frame in the link frame, ``(4, 4)``.
        visuals: What is drawn.
    """

    name: str
    parent: int
    origin: F64
    axis: F64
    kind: str
    inertial: F64
    visuals: tuple[Visual, ...]


@dataclass(frozen=True)
class Body:
    """A loaded URDF: its base and its links by pybullet's index."""

    base: Link
    links: tuple[Link, ...]


def load_body(path: Path, scaling: float = 1.0) -> Body:
    """Return a URDF as drawn with ``loadURDF(path, globalScaling=scaling)``; read once."""
    return _read_body(path, scaling, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read_body(path: Path, scaling: float, changed: int) -> Body:
    del changed  # only tells one version of the file from another
    reader = _Reader(path, scaling)
    root = reader.root_name()
    links: list[Link] = []
    reader.collect(root, -1, links)
    return Body(reader.link(root, -1, None, -1), tuple(links))


def transform(origin: ET.Element | None, scaling: float = 1.0) -> F64:
    """Return the ``(4, 4)`` matrix of an ``<origin>``."""
    matrix = np.eye(4)
    if origin is not None:
        matrix[:3, :3] = _rotation(_vector(origin.get("rpy", "0 0 0")))
        matrix[:3, 3] = _vector(origin.get("xyz", "0 0 0")) * scaling
    return matrix


class _Reader:
    def __init__(self, path: Path, scaling: float) -> None:
        self._folder = path.parent
        self._scaling = scaling
        root = ET.parse(path).getroot()
        self._links = {link.attrib["name"]: link for link in root.findall("link")}
        self._children: dict[str, list[tuple[str, ET.Element]]] = {}
        self._has_parent: set[str] = set()
        for joint in root.findall("joint"):
            parent, child = (_attribute(joint, end, "link") for end in ("parent", "child"))
            self._children.setdefault(parent, []).append((child, joint))
            self._has_parent.add(child)
        self._materials = _named_colors(root)

    def root_name(self) -> str:
        return next(name for name in self._links if name not in self._has_parent)

    def collect(self, name: str, index: int, links: list[Link]) -> None:
        for child, joint in self._children.get(name, ()):
            links.append(self.link(child, index, joint, len(links)))
            self.collect(child, len(links) - 1, links)

    def link(self, name: str, parent: int, joint: ET.Element | None, index: int) -> Link:
        element = self._links[name]
        inertial = transform(element.find("inertial/origin"), self._scaling)
        to_inertial = np.linalg.inv(inertial).astype(np.float64)
        axis = None if joint is None else joint.find("axis")
        kind = "fixed" if joint is None else joint.get("type", "fixed")
        return Link(
            name=name,
            parent=parent,
            origin=np.eye(4) if joint is None else transform(joint.find("origin"), self._scaling),
            axis=_vector("1 0 0" if axis is None else axis.get("xyz", "1 0 0")),
            kind="revolute" if kind == "continuous" else kind,
            inertial=inertial,
            visuals=tuple(
                self._visual(visual, to_inertial, index) for visual in element.findall("visual")
            ),
        )

    def _visual(self, element: ET.Element, to_inertial: F64, index: int) -> Visual:
        geometry = element.find("geometry")
        shape = None if geometry is None else next(iter(geometry), None)
        if shape is None:
            raise ValueError(f"{self._folder}: a <visual> without geometry.")
        mesh, texture = self._shape(shape)
        matrix = to_inertial @ transform(element.find("origin"), self._scaling)
        color = self._color(element.find("material"), index)
        return Visual(mesh.placed(matrix), color, texture)

    def _shape(self, shape: ET.Element) -> tuple[Mesh, Path | None]:
        scaling = self._scaling
        if shape.tag == "mesh":
            path = self._folder / shape.attrib["filename"].split("//")[-1]
            scale = _vector(shape.get("scale", "1 1 1")) * scaling
            return load_mesh(path).placed(np.eye(4), scale), texture_of(path)
        if shape.tag == "box":
            x, y, z = (_vector(shape.attrib["size"]) * scaling).tolist()
            return hulls.box((x, y, z)), None
        radius = float(shape.attrib["radius"]) * scaling
        length = float(shape.get("length", "0")) * scaling
        makers = {
            "sphere": lambda: hulls.sphere(radius),
            "cylinder": lambda: hulls.cylinder(radius, length),
            "capsule": lambda: hulls.capsule(radius, length),
        }
        return makers[shape.tag](), None

    def _color(self, material: ET.Element | None, index: int) -> Color:
        if material is not None:
            color = material.find("color")
            if color is not None:
                return _rgba(color)
            if material.get("name") in self._materials:
                return self._materials[material.attrib["name"]]
        return _PALETTE[index % len(_PALETTE)]


def _named_colors(root: ET.Element) -> dict[str, Color]:
    """Return materials by name; a link may use one that another link defines."""
    colors: dict[str, Color] = {}
    for material in root.iter("material"):
        color = material.find("color")
        if color is not None:
            colors[material.get("name", "")] = _rgba(color)
    return colors


def _rgba(element: ET.Element) -> Color:
    red, green, blue, alpha = (float(value) for value in element.attrib["rgba"].split())
    return red, green, blue, alpha


def _attribute(element: ET.Element, child: str, name: str) -> str:
    found = element.find(child)
    if found is None:
        raise ValueError(f"<{element.tag}> without <{child}>")
    return found.attrib[name]


def _vector(text: str) -> F64:
    return np.array([float(word) for word in text.split()])


def _rotation(rpy: F64) -> F64:
    """Return the matrix of fixed-axis roll, pitch, yaw."""
    (sr, sp, sy), (cr, cp, cy) = np.sin(rpy), np.cos(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )
