"""A few textured solids and an OBJ writer: all that the built-in furniture is made of.

Lengths are metres in the scene (after CALVIN's 0.8 scaling); ``Mesh.write`` divides by the
scaling so that files follow the convention of the official ones. One mesh has one texture, since
PyBullet draws a whole OBJ file with the first ``map_Kd`` it meets; a ``Patch`` is the part of
that texture which a surface is cut from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Vector = Sequence[float]


@dataclass(frozen=True)
class Patch:
    """A rectangle of a texture.

    Attributes:
        low: Lower left corner (u, v) in [0, 1], v pointing up.
        high: Upper right corner.
        size: What the rectangle measures on a surface, metres; the grain runs along the first.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    size: tuple[float, float]

    def map(self, along: Array, across: Array, seed: float) -> Array:
        """Return (n, 2) texture coordinates of a flat piece whose place is chosen by ``seed``."""
        columns = []
        for axis, values in enumerate((along, across)):
            extent = float(np.ptp(values))
            scale = min(1.0, self.size[axis] / max(extent, 1e-9))
            room = self.size[axis] - extent * scale
            start = room * math.modf(abs(seed) * (axis + 1.37))[0]
            share = (start + (values - values.min()) * scale) / self.size[axis]
            columns.append(self.low[axis] + share * (self.high[axis] - self.low[axis]))
        return np.stack(columns, axis=1)


WHOLE = Patch((0.0, 0.0), (1.0, 1.0), (1.0, 1.0))


class Mesh:
    """Triangles with normals and texture coordinates, grown face by face."""

    def __init__(self) -> None:
        self._corners: list[Array] = []
        self._normals: list[Array] = []
        self._coordinates: list[Array] = []

    def polygon(
        self,
        corners: Sequence[Vector] | Sequence[Array] | Array,
        patch: Patch = WHOLE,
        *,
        grain: Vector | Array = (1.0, 0.0, 0.0),
        normals: Array | None = None,
    ) -> None:
        """Add a convex, counter-clockwise polygon; flat unless ``normals`` (n, 3) are given."""
        points = np.asarray(corners, dtype=float)
        face = _unit(np.cross(points[1] - points[0], points[2] - points[0]))
        along = _in_plane(np.asarray(grain, dtype=float), face)
        across = np.cross(face, along)
        seed = float(points.mean(axis=0) @ (13.7, 29.3, 41.9) + face @ (0.31, 0.53, 0.71))
        coordinates = patch.map(points @ along, points @ across, seed)
        shading = np.repeat(face[None], len(points), axis=0) if normals is None else normals
        for second in range(1, len(points) - 1):
            index = [0, second, second + 1]
            self._corners.append(points[index])
            self._normals.append(shading[index])
            self._coordinates.append(coordinates[index])

    def box(
        self,
        low: Vector,
        high: Vector,
        patch: Patch = WHOLE,
        *,
        grain: Vector = (1, 0, 0),
        skip: str = "",
    ) -> None:
        """Add an axis-aligned box without the sides in ``skip`` (such as ``"-x+z"``)."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        outline = [(y0, z0), (y1, z0), (y1, z1), (y0, z1)]
        order = ("-x", "+x", "-z", "+y", "+z", "-y")
        hidden = [order.index(skip[i : i + 2]) for i in range(0, len(skip), 2)]
        self.extrude(outline, x0, x1, patch, grain=grain, skip=hidden)

    def extrude(
        self,
        outline: Sequence[tuple[float, float]],
        start: float,
        stop: float,
        patch: Patch = WHOLE,
        *,
        grain: Vector = (1, 0, 0),
        skip: Sequence[int] = (),
    ) -> None:
        """Add a prism along x; ``outline`` is convex and counter-clockwise in (y, z).

        ``skip`` leaves faces out: 0 and 1 are the ends at ``start`` and ``stop``, 2 + i is the
        side that begins at outline point i. Faces that other parts hide should be left out: EGL
        has 16 bits of depth here, two centimetres at the static camera, and they shine through.
        """
        near = [(start, y, z) for y, z in outline]
        far = [(stop, y, z) for y, z in outline]
        faces = [near[::-1], far]
        for i in range(len(outline)):
            j = (i + 1) % len(outline)
            faces.append([near[i], near[j], far[j], far[i]])
        for index, face in enumerate(faces):
            if index not in skip:
                self.polygon(face, patch, grain=grain)

    def lathe(
        self,
        profile: Sequence[tuple[float, float]],
        centre: Vector,
        patch: Patch = WHOLE,
        *,
        sides: int = 24,
        smooth: bool = False,
    ) -> None:
        """Add a solid of revolution about z; ``profile`` lists (radius, height) upwards.

        Args:
            profile: From the bottom centre outwards, up and back to the axis.
            centre: Where the axis meets height 0.
            patch: Texture of all faces.
            sides: Number of segments.
            smooth: Blend normals along the profile too (a sphere), not only around it.
        """
        angles = np.linspace(0.0, 2 * math.pi, sides + 1)
        ring = np.stack([np.cos(angles), np.sin(angles), np.zeros(sides + 1)], axis=1)
        slopes = _profile_normals(profile, smooth)
        for (low, high), (slope_low, slope_high) in zip(pairwise(profile), slopes, strict=True):
            for i in range(sides):
                around = (i, i + 1, i + 1, i)
                rims = (low, low, high, high)
                tilt = (slope_low, slope_low, slope_high, slope_high)
                points = [ring[k] * r + (0, 0, h) for k, (r, h) in zip(around, rims, strict=True)]
                shading = [ring[k] * r + (0, 0, h) for k, (r, h) in zip(around, tilt, strict=True)]
                self._quad(np.array(points) + centre, np.array(shading), patch)

    def handle(
        self,
        path: Sequence[Vector],
        half: tuple[float, float],
        patch: Patch = WHOLE,
        *,
        chamfer: float = 0.004,
    ) -> None:
        """Add a bar with chamfered edges that follows a path lying in one plane.

        Args:
            path: Points in one plane, the last not straight ahead of the first step; both ends
                stay open.
            half: Half thickness within the plane of the path, and out of it.
            patch: Texture.
            chamfer: Width of the cut corners.
        """
        points = np.asarray(path, dtype=float)
        steps = [_unit(b - a) for a, b in pairwise(points)]
        out = _unit(np.cross(steps[0], points[-1] - points[0]))
        (a, b), c = half, chamfer
        section = [(a, c - b), (a, b - c), (a - c, b), (c - a, b)]
        section += [(-y, -z) for y, z in section]
        rings = []
        for i, point in enumerate(points):
            before, after = steps[max(i - 1, 0)], steps[min(i, len(steps) - 1)]
            side = np.cross(out, _unit(before + after))
            mitre = 1.0 / max(float(side @ np.cross(out, after)), 0.3)
            rings.append(np.array([point + side * (mitre * y) + out * z for y, z in section]))
        for near, far, step in zip(rings, rings[1:], steps, strict=False):
            for i in range(len(section)):
                j = (i + 1) % len(section)
                self.polygon([near[i], near[j], far[j], far[i]], patch, grain=step)

    def add(self, other: Mesh) -> None:
        """Add the faces of another mesh."""
        self._corners += other._corners
        self._normals += other._normals
        self._coordinates += other._coordinates

    def chamfered_box(self, half: Vector, chamfer: float, patch: Patch = WHOLE) -> None:
        """Add a box about the origin with cut edges; ``half`` are its half lengths."""
        outer = np.asarray(half, dtype=float)
        inner = outer - chamfer
        for a in range(3):
            b, c = (a + 1) % 3, (a + 2) % 3
            for sign in (-1, 1):
                face = [(sign, -1, -1), (sign, 1, -1), (sign, 1, 1), (sign, -1, 1)]
                self._outwards([_at(outer, inner, (a, b, c), signs, {a}) for signs in face], patch)
                for side in (-1, 1):
                    edge = [(sign, side, -1, a), (sign, side, 1, a), (sign, side, 1, b)]
                    edge.append((sign, side, -1, b))
                    self._outwards(
                        [_at(outer, inner, (a, b, c), e[:3], {e[3]}) for e in edge], patch
                    )
        for signs in np.ndindex(2, 2, 2):
            corner = tuple(2 * s - 1 for s in signs)
            self._outwards([_at(outer, inner, (0, 1, 2), corner, {k}) for k in range(3)], patch)

    def _outwards(self, corners: list[Array], patch: Patch) -> None:
        """Add a polygon of a convex solid about the origin, whichever way it is listed."""
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        self.polygon(corners if normal @ corners[0] > 0 else corners[::-1], patch)

    def transformed(self, rotation: Array, translation: Vector) -> Mesh:
        """Return a copy with every point ``p`` moved to ``rotation @ p + translation``."""
        copy = Mesh()
        copy._corners = [points @ rotation.T + translation for points in self._corners]
        copy._normals = [normals @ rotation.T for normals in self._normals]
        copy._coordinates = list(self._coordinates)
        return copy

    @property
    def faces(self) -> int:
        """Number of triangles."""
        return len(self._corners)

    def write(self, path: Path, *, texture: str | None = None, scaling: float = 1.0) -> None:
        """Write an OBJ file and, for a texture, the MTL file beside it."""
        lines = [f"o {path.stem}"]
        if texture is not None:
            path.with_suffix(".mtl").write_text(
                f"newmtl {path.stem}\nKd 1 1 1\nmap_Kd {texture}\n", encoding="utf-8"
            )
            lines = [f"mtllib {path.stem}.mtl", *lines, f"usemtl {path.stem}"]
        lines += [
            f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in np.concatenate(self._corners) / scaling
        ]
        lines += [f"vt {u:.5f} {v:.5f}" for u, v in np.concatenate(self._coordinates)]
        lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in np.concatenate(self._normals)]
        for first in range(1, 3 * self.faces, 3):
            lines.append("f " + " ".join(f"{i}/{i}/{i}" for i in range(first, first + 3)))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _quad(self, points: Array, normals: Array, patch: Patch) -> None:
        """Add a quad with its own normals, leaving out the half that an axis point collapses."""
        keep = [i for i in range(4) if np.linalg.norm(points[i] - points[i - 1]) > 1e-9]
        if len(keep) >= 3:
            units = normals[keep] / np.linalg.norm(normals[keep], axis=1, keepdims=True)
            self.polygon(points[keep], patch, grain=(0, 0, 1), normals=units)


def _at(
    outer: Array, inner: Array, axes: tuple[int, ...], signs: tuple[int, ...], out: set[int]
) -> Array:
    """Return a corner of a chamfered box: full length along ``out``, short along the others."""
    point = np.zeros(3)
    for axis, sign in zip(axes, signs, strict=True):
        point[axis] = sign * (outer if axis in out else inner)[axis]
    return point


def rotation_x(angle: float) -> Array:
    """Return the rotation by ``angle`` radians about x (what all table joints are turned by)."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))


def _in_plane(direction: Array, normal: Array) -> Array:
    """Return the unit part of ``direction`` within the plane (another axis if it has none)."""
    for candidate in (direction, np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])):
        flat = candidate - normal * (candidate @ normal)
        if np.linalg.norm(flat) > 0.2:
            return _unit(flat)
    return np.array([1.0, 0.0, 0.0])


def _profile_normals(
    profile: Sequence[tuple[float, float]], smooth: bool
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return for each profile segment the (radial, axial) normals at its two ends."""
    flat = []
    for (r0, h0), (r1, h1) in pairwise(profile):
        length = math.hypot(r1 - r0, h1 - h0)
        flat.append(((h1 - h0) / length, (r0 - r1) / length))
    if not smooth:
        return [(normal, normal) for normal in flat]
    ends = [flat[0]]
    ends += [(a[0] + b[0], a[1] + b[1]) for a, b in pairwise(flat)]
    ends.append(flat[-1])
    return list(pairwise(ends))
