"""Makes a light copy of a mesh (OBJ or STL) that is shaded and coloured like the original.

The Panda's CAD meshes cost more to draw than the rest of the scene together. Collapsing edges
keeps the silhouette but ruins two things one sees at once: normals (flat facets where there was a
smooth shell) and the borders between colours, which the official meshes keep as a texture
coordinate per face into a palette. So each part (material) of a mesh is simplified by itself, and
normals and texture coordinates are not simplified but looked up again: every new corner takes the
normal, and every new face the texture coordinate, of the nearest original surface of its part
that faces the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import fast_simplification
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_STL_FACE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_STL_HEADER = 84
_SAMPLES = 4  # random points per original face to look up, beside its corners
_NEIGHBOURS = 12
_SAME_WAY = 0.5  # least cosine between a new face and the original surface it copies from
_AGGRESSIVENESS = 7  # of fast_simplification (its default): lower ones miss the wanted number
_LEAST_PART = 40  # faces; a part of no more is left as it is


@dataclass(frozen=True)
class Surface:
    """The triangles of an OBJ file, corner by corner.

    Attributes:
        corners: (faces, 3, 3) positions.
        normals: (faces, 3, 3) normals.
        coordinates: (faces, 3, 2) texture coordinates; NaN where the file gives none.
        parts: (faces,) number of the part (``usemtl`` section) that a face belongs to.
        header: The ``mtllib`` and the first textured ``usemtl`` line of the file.
    """

    corners: Floats
    normals: Floats
    coordinates: Floats
    parts: Ints
    header: tuple[str, ...]

    def part(self, chosen: npt.NDArray[np.bool_]) -> Surface:
        """Return only the chosen faces."""
        return Surface(
            self.corners[chosen],
            self.normals[chosen],
            self.coordinates[chosen],
            self.parts[chosen],
            self.header,
        )


def simplify(source: Path, target: Path, faces: int) -> int:
    """Write a copy of a mesh file with about ``faces`` faces as OBJ; return their number.

    The copy of an OBJ file refers to the same material file, by the same relative name.
    """
    original = read_stl(source) if source.suffix.lower() == ".stl" else read_obj(source)
    share = faces / len(original.parts)
    parts = [original.part(original.parts == number) for number in np.unique(original.parts)]
    light = [_simplify_part(part, share) for part in parts]
    copy = Surface(
        np.concatenate([part.corners for part in light]),
        np.concatenate([part.normals for part in light]),
        np.concatenate([part.coordinates for part in light]),
        np.concatenate([part.parts for part in light]),
        original.header,
    )
    write_obj(copy, target)
    return len(copy.parts)


def count_faces(path: Path) -> int:
    """Return the number of faces of an OBJ or binary STL file without parsing it."""
    data = path.read_bytes()
    if path.suffix.lower() == ".stl":
        return (len(data) - _STL_HEADER) // _STL_FACE.itemsize
    return data.count(b"\nf ")


def read_stl(path: Path) -> Surface:
    """Read a binary STL file; the normals are the file's, which PyBullet uses too."""
    faces = np.frombuffer(path.read_bytes(), _STL_FACE, offset=_STL_HEADER)
    return Surface(
        faces["corners"].astype(float),
        np.repeat(faces["normal"].astype(float)[:, None], 3, axis=1),
        np.full((len(faces), 3, 2), np.nan),
        np.zeros(len(faces), dtype=np.int64),
        (f"o {path.stem}",),
    )


def read_obj(path: Path) -> Surface:
    """Read a triangulated OBJ file with normals.

    Raises:
        ValueError: When a face is no triangle or has no normals.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    by_tag: dict[str, list[str]] = {tag: [] for tag in ("v", "vn", "vt", "f", "mtllib", "usemtl")}
    parts: list[int] = []
    for line in lines:
        tag, _, rest = line.partition(" ")
        if tag in by_tag:
            by_tag[tag].append(rest)
        if tag == "f":
            parts.append(len(by_tag["usemtl"]))
    faces = " ".join(by_tag["f"])
    if faces.count("/") != 6 * len(by_tag["f"]) or faces.count(" ") < 3 * len(by_tag["f"]) - 1:
        raise ValueError(f"{path}: only triangles with normals can be simplified")
    index = _numbers([faces.replace("//", "/0/").replace("/", " ")], 9).astype(np.int64)
    position, coordinate, normal = np.moveaxis(index.reshape(-1, 3, 3), 2, 0)
    table = np.concatenate([np.full((1, 2), np.nan), _numbers(by_tag["vt"], 2)])
    return Surface(
        _numbers(by_tag["v"], 3)[position - 1],
        _numbers(by_tag["vn"], 3)[normal - 1],
        table[coordinate],
        np.array(parts),
        _header(path, by_tag["mtllib"], by_tag["usemtl"]),
    )


def _numbers(rows: list[str], columns: int) -> Floats:
    """Return the numbers in ``rows`` of text, ``columns`` to a row."""
    return np.fromstring(" ".join(rows), sep=" ").reshape(-1, columns)


def write_obj(surface: Surface, path: Path) -> None:
    """Write the surface with three corners of its own per face."""
    lines = [*surface.header]
    lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in surface.corners.reshape(-1, 3)]
    lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in surface.normals.reshape(-1, 3)]
    plain = np.isnan(surface.coordinates[:, 0, 0])
    flat = np.nan_to_num(surface.coordinates, nan=0.5).reshape(-1, 2)
    lines += [f"vt {u:.5f} {v:.5f}" for u, v in flat]
    for face, bare in enumerate(plain):
        corner = range(3 * face + 1, 3 * face + 4)
        form = "{0}//{0}" if bare else "{0}/{0}/{0}"
        lines.append("f " + " ".join(form.format(i) for i in corner))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _header(path: Path, libraries: list[str], used: list[str]) -> tuple[str, ...]:
    """Return the material lines; PyBullet draws a file with its first textured material."""
    textured: set[str] = set()
    for library in libraries:
        material = path.parent / library
        name = ""
        for line in material.read_text(encoding="utf-8").splitlines() if material.exists() else ():
            tag, _, rest = line.strip().partition(" ")
            if tag == "newmtl":
                name = rest
            elif tag == "map_Kd":
                textured.add(name)
    first = next((name for name in used if name in textured), next(iter(used), None))
    header = [f"mtllib {library}" for library in libraries[:1]] + [f"o {path.stem}"]
    return (*header, *([f"usemtl {first}"] if first else []))


def _simplify_part(part: Surface, share: float) -> Surface:
    """Return a part with about ``share`` of its faces, but some in any case."""
    wanted = max(_LEAST_PART, round(share * len(part.parts)))
    if wanted >= len(part.parts):
        return part
    vertices, triangles = _weld(part.corners)
    reduction = min(max(1.0 - wanted / len(triangles), 0.0), 0.999)
    vertices, triangles = fast_simplification.simplify(
        vertices.astype(np.float32), triangles.astype(np.int32), reduction, agg=_AGGRESSIVENESS
    )
    corners = np.asarray(vertices, dtype=float)[triangles]
    return _dress(corners[_face_normals(corners)[1] > 1e-12], part)


def _weld(corners: Floats) -> tuple[Floats, Ints]:
    """Return vertices that faces share, and the faces; collapsed ones are dropped."""
    points = corners.reshape(-1, 3)
    micrometres = np.round((points - points.min(axis=0)) * 1e6).astype(np.int64)
    keys = micrometres @ np.array([1 << 42, 1 << 21, 1])  # meshes are smaller than two metres
    _, first, index = np.unique(keys, return_index=True, return_inverse=True)
    vertices = points[first]
    triangles = index.reshape(-1, 3)
    a, b, c = triangles.T
    return vertices, triangles[(a != b) & (b != c) & (c != a)]


def _face_normals(corners: Floats) -> tuple[Floats, Floats]:
    """Return unit normals and areas of faces."""
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(cross, axis=1)
    return cross / np.maximum(length, 1e-12)[:, None], length / 2


def _dress(corners: Floats, original: Surface) -> Surface:
    """Return the new faces with the normals and texture coordinates of the original surface."""
    points, normals, faces = _samples(original)
    tree = cKDTree(points)
    facing = _face_normals(corners)[0]
    around = corners.reshape(-1, 3)
    nearest = _nearest(tree, normals, around, np.repeat(facing, 3, axis=0))
    source = _nearest(tree, normals, corners.mean(axis=1), facing)
    coordinates = original.coordinates[faces[source]].mean(axis=1)
    return Surface(
        corners,
        normals[nearest].reshape(-1, 3, 3),
        np.repeat(coordinates[:, None], 3, axis=1),
        np.full(len(corners), original.parts[0]),
        original.header,
    )


def _samples(original: Surface) -> tuple[Floats, Floats, Ints]:
    """Return points all over the original surface, their normals and their faces."""
    rng = np.random.default_rng(0)
    _, areas = _face_normals(original.corners)
    count = len(areas)
    chosen = rng.choice(count, size=_SAMPLES * count, p=areas / areas.sum())
    weights = rng.dirichlet((1.0, 1.0, 1.0), size=_SAMPLES * count)
    corner = np.full((3, 3), 0.02) + 0.94 * np.eye(3)
    weights = np.concatenate([weights, *(np.tile(row, (count, 1)) for row in corner)])
    faces = np.concatenate([chosen, *(np.arange(count) for _ in corner)])
    points = np.einsum("nk,nkd->nd", weights, original.corners[faces])
    normals = np.einsum("nk,nkd->nd", weights, original.normals[faces])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return points, normals, faces


def _nearest(tree: cKDTree, normals: Floats, points: Floats, facing: Floats) -> Ints:
    """Return for each point the nearest sample whose normal agrees with ``facing``."""
    index = np.asarray(tree.query(points, k=min(_NEIGHBOURS, tree.n))[1])
    agree = np.einsum("nkd,nd->nk", normals[index], facing) > _SAME_WAY
    best = np.where(agree.any(axis=1), agree.argmax(axis=1), 0)
    chosen: Ints = index[np.arange(len(points)), best]
    return chosen
