"""Copies of URDFs for physics: no visuals, and collision meshes without their repetitions.

The official meshes repeat every vertex once per face; pybullet builds the convex hull of all of
them, at every load. A hull does not depend on how often or in which order its points are given
(bullet sorts them and drops duplicates), so a copy with every point once, in three times fewer
triangles, gives the same shape bit for bit. With visuals gone too, a world loads in a hundredth of
the time, which is what makes it possible to rebuild it at every reset.
"""

from __future__ import annotations

import itertools
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vla_gym.files import make_folder
from vla_gym_calvin.scene_assets.cache import cache_root, content_key

_VERSION = "collision-3"
_STL_FACE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_STL_HEADER = 80

Point = tuple[str, ...]  # coordinates as written, so that nothing is rounded


def collision_urdf(path: Path) -> Path:
    """Return a cached copy of a URDF that collides as the original does and has no visuals."""
    root = ET.parse(path).getroot()
    meshes = {
        element.attrib["filename"]: path.parent / element.attrib["filename"].split("//")[-1]
        for element in root.iterfind(".//collision/geometry/mesh")
    }
    key = content_key(_VERSION, path, *(meshes[name] for name in sorted(meshes)))
    target = cache_root() / "collision" / f"{path.stem}-{key}"
    make_folder(target, lambda folder: _write(root, meshes, folder / path.name, key))
    return target / path.name


def _write(root: ET.Element, meshes: dict[str, Path], target: Path, key: str) -> None:
    for link in root.iter("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
    for index, (name, source) in enumerate(sorted(meshes.items())):
        # pybullet looks into the working directory first, so the name must not be found there.
        copy = target.parent / f"vla_gym-{key}-{index}{source.suffix.lower()}"
        users = [c for c in root.iter("collision") if _mesh_name(c) == name]
        _copy_mesh(source, copy, concave=any("concave" in user.attrib for user in users))
        for user in users:
            user.find("geometry/mesh").set("filename", copy.name)  # type: ignore[union-attr]
    ET.ElementTree(root).write(target)


def _mesh_name(collision: ET.Element) -> str | None:
    mesh = collision.find("geometry/mesh")
    return None if mesh is None else mesh.attrib["filename"]


def _copy_mesh(source: Path, target: Path, *, concave: bool) -> None:
    """Copy a mesh; a concave one keeps its triangles and their order, which collisions follow."""
    if source.suffix.lower() == ".stl":
        target.write_bytes(source.read_bytes() if concave else _unique_stl(source.read_bytes()))
        return
    vertices, groups = _read_obj(source)
    text = _obj_text(vertices, groups) if concave else _unique_obj_text(vertices, groups)
    target.write_text(text)


def _read_obj(path: Path) -> tuple[list[Point], list[list[tuple[int, ...]]]]:
    """Return vertices and, per object, triangles of vertex indices."""
    vertices: list[Point] = []
    groups: list[list[tuple[int, ...]]] = [[]]
    for words in map(str.split, path.read_text().splitlines()):
        if words[:1] == ["v"]:
            vertices.append(tuple(words[1:4]))
        elif words[:1] in (["o"], ["g"]):
            groups.append([])
        elif words[:1] == ["f"]:
            corners = [int(word.split("/")[0]) for word in words[1:]]
            corners = [c - 1 if c > 0 else len(vertices) + c for c in corners]
            fan = itertools.pairwise(corners[1:])
            groups[-1].extend((corners[0], second, third) for second, third in fan)
    return vertices, [group for group in groups if group]


def _obj_text(vertices: Sequence[Point], groups: Iterable[Sequence[tuple[int, ...]]]) -> str:
    lines = [f"v {' '.join(vertex)}" for vertex in vertices]
    for index, group in enumerate(groups):
        lines.append(f"o {index}")
        lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in group]
    return "\n".join(lines) + "\n"


def _unique_obj_text(vertices: Sequence[Point], groups: Iterable[Sequence[tuple[int, ...]]]) -> str:
    """Write every point of a group once, in as few triangles as name them all."""
    points: list[Point] = []
    triangles: list[list[tuple[int, ...]]] = []
    for group in groups:
        unique = {tuple(map(float, vertices[i])): vertices[i] for face in group for i in face}
        triangles.append(_covering_triangles(len(points), len(unique)))
        points += unique.values()
    return _obj_text(points, triangles)


def _covering_triangles(start: int, count: int) -> list[tuple[int, ...]]:
    """Return triangles that use the indices ``start ... start + count - 1``."""
    last = start + count - 1
    return [tuple(min(i + k, last) for k in range(3)) for i in range(start, last + 1, 3)]


def _unique_stl(data: bytes) -> bytes:
    """Return a binary STL with every point of ``data`` once (an STL in ASCII stays as it is)."""
    (count,) = struct.unpack_from("<I", data, _STL_HEADER)
    if len(data) != _STL_HEADER + 4 + count * _STL_FACE.itemsize:
        return data
    faces = np.frombuffer(data, _STL_FACE, count, _STL_HEADER + 4)
    points = _unique_rows(faces["corners"].reshape(-1, 3))
    indices = _covering_triangles(0, len(points))
    out = np.zeros(len(indices), _STL_FACE)
    out["corners"] = points[np.array(indices)]
    return bytes(_STL_HEADER) + struct.pack("<I", len(out)) + out.tobytes()


def _unique_rows(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return each row once, in the order of first appearance."""
    _, first = np.unique(points, axis=0, return_index=True)
    rows: npt.NDArray[np.float32] = points[np.sort(first)]
    return rows
