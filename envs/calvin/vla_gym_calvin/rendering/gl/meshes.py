"""Mesh files as triangles, read the way pybullet's OpenGL renderer reads them.

Rules that show in the picture: polygons become fans; a face has the file's normals only if all
three corners name one, else its own flat normal; a corner without texture coordinates gets
(0.5, 0.5); scale applies to positions only. Equal corners are then merged, which changes no pixel
and a third of the work. Where every face is flat its normal can be had from its corners instead:
neighbours then share those (``welded``), which halves what a CPU does per vertex.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import fast_simplification
import numpy as np
import numpy.typing as npt

from vla_gym.arrays import read_npy
from vla_gym.files import make_folder
from vla_gym_calvin.scene_assets.cache import cache_root, content_key

F32 = npt.NDArray[np.float32]
U32 = npt.NDArray[np.uint32]

_VERSION = "gl-mesh-4"
_STL_FACE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_STL_HEADER = 84
_NO_UV = 0.5
_HEAVY = 2000  # faces; lighter meshes cast their own shadow
_CASTER_SHARE = 0.1
_SAME_NORMAL = 0.01
_FLAT_SHARE = 0.99


@dataclass(frozen=True)
class Mesh:
    """Indexed triangles.

    Attributes:
        vertices: Position (m), normal, texture coordinates, ``(n, 8)``.
        triangles: ``(m, 3)`` indices, counter-clockwise seen from outside.
        flat: Whether the normals are those of the faces.
        faceted: Whether the vertices have no normals, because those of the faces will do.
    """

    vertices: F32
    triangles: U32
    flat: bool = False
    faceted: bool = False

    def placed(self, matrix: npt.NDArray[np.float64], scale: npt.ArrayLike = 1.0) -> Mesh:
        """Return the mesh moved by a rigid transform ``(4, 4)`` after scaling positions."""
        moved = self.vertices.copy()
        positions = self.vertices[:, :3].astype(np.float64) * np.asarray(scale)
        moved[:, :3] = positions @ matrix[:3, :3].T + matrix[:3, 3]
        moved[:, 3:6] = self.vertices[:, 3:6] @ matrix[:3, :3].T
        return replace(self, vertices=moved)

    @cached_property
    def digest(self) -> str:
        """Return what tells this mesh from others."""
        found = hashlib.sha1(self.vertices.tobytes(), usedforsecurity=False)
        found.update(self.triangles.tobytes())
        return found.hexdigest()

    def sphere(self) -> tuple[F32, float]:
        """Return centre ``(3,)`` and radius of a sphere around it, for culling."""
        positions = self.vertices[:, :3]
        center = (positions.min(axis=0) + positions.max(axis=0)) / 2
        return center, float(np.linalg.norm(positions - center, axis=1).max())


def load_mesh(path: Path) -> Mesh:
    """Return the triangles of an OBJ or STL file, from the cache where it was read before."""
    readers: dict[str, Callable[[Path], F32]] = {".obj": _obj_corners, ".stl": _stl_corners}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path}: expected a mesh in .obj or .stl.")
    target = cache_root() / "gl-meshes" / content_key(_VERSION, path.suffix, path)

    return _stored(target, lambda: merge_corners(reader(path)))


def _stored(target: Path, make: Callable[[], Mesh]) -> Mesh:
    """Return a mesh from a folder of the cache, made at first use."""

    def fill(folder: Path) -> None:
        mesh = make()
        for field in fields(Mesh):
            np.save(folder / f"{field.name}.npy", getattr(mesh, field.name))

    make_folder(target, fill)
    parts: dict[str, Any] = {
        field.name: read_npy(target / f"{field.name}.npy") for field in fields(Mesh)
    }
    return Mesh(**parts | {name: bool(parts[name]) for name in ("flat", "faceted")})


def light_caster(mesh: Mesh) -> Mesh:
    """Return a mesh with a tenth of the faces, good enough to cast the shadow of a heavy one."""
    return _derived("gl-casters", mesh, _simplified) if _is_heavy(mesh) else mesh


def welded(mesh: Mesh) -> Mesh:
    """Return a heavy mesh of flat faces with shared corners, any other as it is."""
    return _derived("gl-welded", mesh, _welded) if _is_heavy(mesh) and mesh.flat else mesh


def _is_heavy(mesh: Mesh) -> bool:
    return len(mesh.triangles) >= _HEAVY


def _derived(kind: str, mesh: Mesh, make: Callable[[Mesh], Mesh]) -> Mesh:
    target = cache_root() / kind / content_key(_VERSION, mesh.digest.encode())
    return _stored(target, lambda: make(mesh))


def _simplified(mesh: Mesh) -> Mesh:
    points, corners = np.unique(mesh.vertices[:, :3], axis=0, return_inverse=True)
    triangles = corners.reshape(-1)[mesh.triangles].astype(np.int32)
    points, triangles = fast_simplification.simplify(
        points, triangles, target_reduction=1 - _CASTER_SHARE
    )
    vertices = np.zeros((len(points), 8), np.float32)
    vertices[:, :3] = points
    return Mesh(vertices, triangles.astype(np.uint32))


def _welded(mesh: Mesh) -> Mesh:
    corners = mesh.vertices[mesh.triangles.reshape(-1)]
    corners[:, 3:6] = 0
    return replace(merge_corners(corners), flat=True, faceted=True)


def merge_corners(corners: F32) -> Mesh:
    """Return indexed triangles from corners ``(3 m, 8)``, keeping their order."""
    rows = np.ascontiguousarray(corners).view(np.dtype((np.void, corners.itemsize * 8)))
    _, first, inverse = np.unique(rows.ravel(), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    return Mesh(corners[first[order]], rank[inverse].reshape(-1, 3), flat=_is_flat(corners))


def _is_flat(corners: F32) -> bool:
    """Return whether normals ``(3 m, 8)`` are the faces' own; slivers' are rounded, and unseen."""
    faces = corners.reshape(-1, 3, 8)
    wrong = np.abs(faces[:, :, 3:6] - flat_normals(faces[:, :, :3])).max(axis=(1, 2))
    return bool((wrong < _SAME_NORMAL).mean() > _FLAT_SHARE)


def flat_normals(triangles: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the normal of each triangle ``(m, 3, 3)`` as ``(m, 1, 3)``."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return (normals / np.where(lengths > 0, lengths, 1))[:, None, :]


def _stl_corners(path: Path) -> F32:
    data = path.read_bytes()
    count = int.from_bytes(data[80:84], "little")
    if len(data) < _STL_HEADER + count * _STL_FACE.itemsize:
        raise ValueError(f"{path}: expected a binary STL.")
    faces = np.frombuffer(data, _STL_FACE, count, _STL_HEADER)
    corners = np.full((count, 3, 8), _NO_UV, np.float32)
    corners[:, :, :3] = faces["corners"]
    corners[:, :, 3:6] = faces["normal"][:, None, :]
    return corners.reshape(-1, 8)


def _obj_corners(path: Path) -> F32:
    tables, indices = _obj_tables(path.read_text())
    corners = np.full((len(indices), 3, 8), _NO_UV, np.float32)
    corners[:, :, :3] = tables["v"][indices[:, :, 0]]
    has_uv = indices[:, :, 1] >= 0
    if len(tables["vt"]):
        corners[:, :, 6:][has_uv] = tables["vt"][indices[:, :, 1]][has_uv]
    corners[:, :, 3:6] = flat_normals(corners[:, :, :3])
    smooth = (indices[:, :, 2] >= 0).all(axis=1)
    if len(tables["vn"]):
        corners[smooth, :, 3:6] = tables["vn"][indices[smooth][:, :, 2]]
    return corners.reshape(-1, 8)


def _obj_tables(text: str) -> tuple[dict[str, F32], npt.NDArray[np.int64]]:
    """Return the numbers of an OBJ and its triangles: ``(m, 3, 3)`` indices v, vt, vn or -1."""
    lines: dict[str, list[str]] = {"v": [], "vt": [], "vn": []}
    triangles: list[tuple[tuple[int, int, int], ...]] = []
    for line in text.splitlines():
        words = line.split(maxsplit=1)
        if len(words) < 2:
            continue
        if words[0] in lines:
            lines[words[0]].append(words[1])
        elif words[0] == "f":
            counts = tuple(len(lines[kind]) for kind in ("v", "vt", "vn"))
            face = [_corner(word, counts) for word in words[1].split()]
            triangles += [(face[0], face[i], face[i + 1]) for i in range(1, len(face) - 1)]
    widths = {"v": 3, "vt": 2, "vn": 3}
    tables = {kind: _numbers(rows, widths[kind]) for kind, rows in lines.items()}
    return tables, np.array(triangles, np.int64).reshape(-1, 3, 3)


def _corner(word: str, counts: tuple[int, ...]) -> tuple[int, int, int]:
    """Return zero-based indices of ``v/vt/vn``; negative ones in the file count from the end."""
    parts = [int(part) if part else 0 for part in word.split("/")]
    parts += [0] * (3 - len(parts))
    v, vt, vn = (p - 1 if p >= 0 else n + p for p, n in zip(parts, counts, strict=True))
    return v, vt, vn


def _numbers(rows: list[str], width: int) -> F32:
    if not rows:
        return np.zeros((0, width), np.float32)
    table = np.loadtxt(io.StringIO("\n".join(rows)), usecols=range(width), ndmin=2)
    return table.astype(np.float32)
