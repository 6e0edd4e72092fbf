"""Pieces that objects are made of: boxes, cylinders, balls and turned shapes, z up, with a colour.

A turned shape is a profile of (radius, height) pairs turned around z, as on a lathe: bottles,
plates, apples. It is drawn smoothly and touched as convex pieces, one for each stretch of the
profile that bulges outwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi, sin
from pathlib import Path

import numpy as np
from vla_gym_sapien.interface import Color, Look, Shape
from vla_gym_sapien.poses import F64, Pose, euler_quaternion

from vla_gym.assets import cached_file

Profile = Sequence[tuple[float, float]]
Point = tuple[float, float, float]

_SMOOTH, _COARSE = 28, 12  # corners around z, drawn and touched
_UP = euler_quaternion(0.0, -pi / 2, 0.0)  # engine cylinders lie along x
ALONG_X = euler_quaternion(0.0, pi / 2, 0.0)
"""Lays what stands along z down along x."""


@dataclass(frozen=True)
class Piece:
    """A part of an object: how it is drawn and what it is touched as (either may be empty)."""

    visuals: tuple[Shape, ...] = ()
    collisions: tuple[Shape, ...] = ()

    def seen_only(self) -> Piece:
        """Return the piece without collisions."""
        return Piece(self.visuals)


def look(color: Color, *, shine: float = 0.3) -> Look:
    """Return a surface: ``shine`` 0 is cloth, 1 is polished."""
    return Look(color, roughness=1.0 - 0.7 * shine, specular=shine)


def pose(at: Point, rpy: Point = (0.0, 0.0, 0.0)) -> Pose:
    """Return a pose of a position and extrinsic x-y-z angles."""
    return Pose.of(at, euler_quaternion(*rpy))


def box(
    half: Point, at: Point, color: Color, *, rpy: Point = (0, 0, 0), shine: float = 0.3
) -> Piece:
    """Return a box of half lengths around ``at``."""
    shape = Shape("box", half, pose=pose(at, rpy), look=look(color, shine=shine))
    return Piece((shape,), (shape,))


def ball(radius: float, at: Point, color: Color, *, shine: float = 0.3) -> Piece:
    """Return a ball."""
    shape = Shape("sphere", (radius,), pose=pose(at), look=look(color, shine=shine))
    return Piece((shape,), (shape,))


def rod(
    radius: float,
    length: float,
    at: Point,
    color: Color,
    *,
    rpy: Point | None = None,
    shine: float = 0.3,
) -> Piece:
    """Return a cylinder around ``at``: upright, or along x turned by ``rpy``."""
    where = Pose.of(at, _UP) if rpy is None else pose(at, rpy)
    shape = Shape("cylinder", (radius, length / 2), pose=where, look=look(color, shine=shine))
    return Piece((shape,), (shape,))


def turned(
    profile: Profile, color: Color, *, where: Pose | None = None, shine: float = 0.3
) -> Piece:
    """Return a profile (from below to above, or along x if laid down) turned around z."""
    place = where or Pose.of()
    drawn = Shape("mesh", file=_mesh(profile, _SMOOTH), pose=place, look=look(color, shine=shine))
    touched = tuple(
        Shape("mesh", file=_mesh(run, _COARSE), pose=place) for run in convex_runs(profile)
    )
    return Piece((drawn,), touched)


def egg(
    length: float, width: float, *, blunt: float = 0.0, rings: int = 9
) -> list[tuple[float, float]]:
    """Return the profile of an ellipsoid standing on z = 0; ``blunt`` widens its lower half."""
    angles = np.linspace(0.0, pi, rings)
    bulge = 1.0 + blunt * np.cos(angles)
    radii = width / 2 * np.sin(angles) * bulge
    heights = length / 2 * (1.0 - np.cos(angles))
    return [(max(float(r), 1e-4), float(z)) for r, z in zip(radii, heights, strict=True)]


def convex_runs(profile: Profile) -> Iterator[Profile]:
    """Yield the longest stretches of a profile whose turned shape is convex."""
    begin = 0
    for end in range(2, len(profile)):
        (r0, z0), (r1, z1), (r2, z2) = profile[end - 2 : end + 1]
        bends_inwards = (r1 - r0) * (z2 - z1) - (z1 - z0) * (r2 - r1) < -1e-9
        if bends_inwards and end - 1 > begin:
            yield profile[begin:end]
            begin = end - 1
    yield profile[begin:]


def _mesh(profile: Profile, corners: int) -> Path:
    """Return a profile turned around z as an OBJ file with normals."""
    return cached_file("bdr/turned.obj", "\n".join(_obj(profile, corners)).encode())


def _obj(profile: Profile, corners: int) -> Iterator[str]:
    """Yield the lines of a file: two rings for each step of the profile, and two lids."""
    angles = [2 * pi * k / corners for k in range(corners)]
    around = [(cos(a), sin(a)) for a in angles]
    faces: list[str] = []
    rings = 0
    for (r0, z0), (r1, z1) in pairwise(profile):
        out, up = _normal(r1 - r0, z1 - z0)
        for r, z in ((r0, z0), (r1, z1)):
            yield from (f"v {r * c:.6f} {r * s:.6f} {z:.6f}" for c, s in around)
            yield from (f"vn {out * c:.4f} {out * s:.4f} {up:.4f}" for c, s in around)
        faces += _quads(rings * corners, corners)
        rings += 2
    for (r, z), up in ((profile[0], -1), (profile[-1], 1)):
        yield from (f"v {r * c:.6f} {r * s:.6f} {z:.6f}" for c, s in around)
        yield from (f"vn 0 0 {up}" for _ in around)
        faces.append(_lid(rings * corners, corners, up))
        rings += 1
    yield from faces


def _normal(dr: float, dz: float) -> tuple[float, float]:
    length = max((dr * dr + dz * dz) ** 0.5, 1e-12)
    return dz / length, -dr / length


def _quads(first: int, corners: int) -> list[str]:
    quads = []
    for k in range(corners):
        a, b = first + k + 1, first + (k + 1) % corners + 1
        quads.append(_face(a, b, b + corners, a + corners))
    return quads


def _lid(first: int, corners: int, up: int) -> str:
    indices = range(first + 1, first + corners + 1)
    return _face(*(indices if up > 0 else reversed(indices)))


def _face(*indices: int) -> str:
    return "f " + " ".join(f"{i}//{i}" for i in indices)


def bounds(pieces: Sequence[Piece]) -> F64:
    """Return the lowest and highest corner ``(2, 3)`` of what is touched."""
    corners = [_corners(shape) for piece in pieces for shape in piece.collisions]
    points = np.concatenate(corners)
    return np.array([points.min(axis=0), points.max(axis=0)])


def _corners(shape: Shape) -> F64:
    """Return points whose bounds are the shape's."""
    if shape.file is not None:
        lines = shape.file.read_text().splitlines()
        points = [line.split()[1:] for line in lines if line.startswith("v ")]
        return shape.pose.apply(np.array(points, dtype=np.float64))
    if shape.kind == "sphere":
        radius = shape.size[0]
        return shape.pose.p + radius * np.array([[-1.0] * 3, [1.0] * 3])
    if shape.kind == "cylinder":
        radius, half = shape.size
        ring = [
            (x, radius * cos(a), radius * sin(a))
            for x in (-half, half)
            for a in np.arange(12) * pi / 6
        ]
        return shape.pose.apply(np.array(ring))
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    return shape.pose.apply(signs * np.array(shape.size))
