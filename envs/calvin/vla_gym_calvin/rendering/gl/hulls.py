"""Primitive shapes as pybullet's OpenGL renderer shows them: coarse hulls with round shading.

It does not tessellate a primitive. It asks the collision shape for its farthest point in 42
directions (the corners and edge middles of an icosahedron) and draws the convex hull of the
answers; a vertex normal is the direction from the shape's centre to the vertex, even for a box.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull

from vla_gym_calvin.rendering.gl.meshes import Mesh, merge_corners

F64 = npt.NDArray[np.float64]

_RING_Z, _RING_R = 0.4472135954999579, 0.8944271909999159  # 1/sqrt(5), 2/sqrt(5)
_CYLINDER_SIDES = 32
_CYLINDER_MARGIN = 0.001  # m


def box(size: tuple[float, float, float]) -> Mesh:
    """Return a box with edges ``size``, m."""
    half = np.array(size) / 2
    return hull(np.array(list(itertools.product((-1, 1), repeat=3))) * half)


def cylinder(radius: float, length: float) -> Mesh:
    """Return a cylinder along z, m."""
    angles = np.arange(_CYLINDER_SIDES) * 2 * np.pi / _CYLINDER_SIDES
    ring = np.stack([radius * np.sin(angles), radius * np.cos(angles)], axis=1)
    points = [np.c_[ring, np.full(_CYLINDER_SIDES, z)] for z in (length / 2, -length / 2)]
    return hull(support(np.concatenate(points), _CYLINDER_MARGIN))


def sphere(radius: float) -> Mesh:
    """Return a sphere, m."""
    return hull(directions() * radius)


def capsule(radius: float, length: float) -> Mesh:
    """Return a capsule along z whose straight part has ``length``, m."""
    ends = np.array([[0, 0, -length / 2], [0, 0, length / 2]])
    return hull(support(ends, radius))


def support(points: F64, margin: float) -> F64:
    """Return the farthest point in each of the 42 directions, moved outwards by ``margin``."""
    rays = directions()
    farthest: F64 = points[np.argmax(rays @ points.T, axis=1)] + margin * rays
    return farthest


def hull(points: F64) -> Mesh:
    """Return the convex hull of points around the origin."""
    found = ConvexHull(points)
    triangles = found.simplices.copy()
    corners = points[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = (normals * found.equations[:, :3]).sum(axis=1) < 0
    triangles[inward] = triangles[inward][:, ::-1]
    vertices = np.full((triangles.size, 8), 0.5, np.float32)
    vertices[:, :3] = points[triangles.ravel()]
    vertices[:, 3:6] = _unit(points[triangles.ravel()])
    return merge_corners(vertices)


@lru_cache(maxsize=1)
def directions() -> F64:
    """Return the unit vectors to the corners and edge middles of an icosahedron, ``(42, 3)``."""
    lower = np.radians(np.array([-36, 36, 108, 180, 252]))
    upper = np.radians(np.array([0, 72, 144, 216, 288]))
    corners = [np.array([[0, 0, -1.0], [0, 0, 1.0]])]
    for azimuths, z in ((lower, -_RING_Z), (upper, _RING_Z)):
        ring = [_RING_R * np.cos(azimuths), _RING_R * np.sin(azimuths), np.full(5, z)]
        corners.append(np.stack(ring, axis=1))
    points = np.concatenate(corners)
    middles = [
        points[i] + points[j]
        for i, j in itertools.combinations(range(12), 2)
        if points[i] @ points[j] > 0.4  # neighbours: the cosine between them is 1/sqrt(5)
    ]
    return np.concatenate([points, _unit(np.array(middles))])


def _unit(vectors: F64) -> F64:
    unit: F64 = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
