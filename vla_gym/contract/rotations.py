"""Conversions between the ways of writing a rotation down, with the matrix as the hub.

What needs no arithmetic does none: equal representations return the numbers themselves, and the two
quaternion orders and the two 6-D layouts are permutations. All functions work on the last axis, so
any number of leading axes is allowed. Angles are radians.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract.spec import Rotation

if TYPE_CHECKING:
    from scipy.spatial.transform import Rotation as ScipyRotation

Array = npt.NDArray[Any]
Matrix = npt.NDArray[np.float64]

_PERMUTATIONS: dict[tuple[Rotation, Rotation], tuple[int, ...]] = {
    (Rotation.QUAT_XYZW, Rotation.QUAT_WXYZ): (3, 0, 1, 2),
    (Rotation.QUAT_WXYZ, Rotation.QUAT_XYZW): (1, 2, 3, 0),
    (Rotation.ROT6D_COLUMNS, Rotation.ROT6D_ROWS): (0, 3, 1, 4, 2, 5),
    (Rotation.ROT6D_ROWS, Rotation.ROT6D_COLUMNS): (0, 2, 4, 1, 3, 5),
}


def convert(values: npt.ArrayLike, source: Rotation, target: Rotation) -> Array:
    """Return rotations ``(..., source.size)`` as ``(..., target.size)``.

    Raises:
        ValueError: When the values are no rotation (zero quaternion, parallel 6-D vectors).
    """
    array = np.asarray(values)
    if source is target:
        return array
    order = _PERMUTATIONS.get((source, target))
    if order is not None:
        return array[..., order]
    return from_matrix(to_matrix(array, source), target)


def to_matrix(values: npt.ArrayLike, representation: Rotation) -> Matrix:
    """Return rotation matrices float64 ``(..., 3, 3)``."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape[-1:] != (representation.size,):
        raise ValueError(
            f"{representation.value} takes {representation.size} numbers, got shape {array.shape}"
        )
    flat = array.reshape(-1, representation.size)
    return _flat_to_matrix(flat, representation).reshape(*array.shape[:-1], 3, 3)


def from_matrix(matrix: npt.ArrayLike, representation: Rotation) -> Matrix:
    """Return rotation matrices ``(..., 3, 3)`` in a representation, float64 ``(..., n)``.

    Quaternions have ``w >= 0``, rotation vectors an angle in [0, pi], Euler angles a pitch in
    [-pi/2, pi/2].
    """
    array = np.asarray(matrix, dtype=np.float64)
    flat = array.reshape(-1, 3, 3)
    return _flat_from_matrix(flat, representation).reshape(*array.shape[:-2], representation.size)


def nearest_euler(matrix: npt.ArrayLike, reference: npt.ArrayLike) -> Matrix:
    """Return the Euler angles ``(3,)`` of a matrix that lie nearest to ``reference`` (3,).

    A rotation has two triples of Euler angles, each up to full turns. Differences of angles make
    sense only between neighbours, so additive deltas are computed with this one.
    """
    base = np.asarray(reference, dtype=np.float64)
    roll, pitch, yaw = from_matrix(matrix, Rotation.EULER_XYZ)
    twin = np.array([roll + np.pi, np.pi - pitch, yaw + np.pi])
    changes = [wrap(angles - base) for angles in (np.array([roll, pitch, yaw]), twin)]
    nearest: Matrix = base + min(changes, key=lambda change: float(np.abs(change).sum()))
    return nearest


def wrap(angles: npt.ArrayLike) -> Matrix:
    """Return angles in [-pi, pi)."""
    wrapped: Matrix = (np.asarray(angles, dtype=np.float64) + np.pi) % (2 * np.pi) - np.pi
    return wrapped


def mean(values: npt.ArrayLike, weights: npt.ArrayLike, representation: Rotation) -> Matrix:
    """Return the weighted mean rotation of ``(n, size)`` values (chordal mean of the matrices)."""
    rotations = _scipy().from_matrix(to_matrix(values, representation))
    average = rotations.mean(weights=np.asarray(weights, dtype=np.float64))
    return from_matrix(average.as_matrix(), representation)


def _scipy() -> type[ScipyRotation]:
    """Import scipy's rotations on first use: it takes longer than the rest of the core."""
    from scipy.spatial.transform import Rotation as ScipyRotation

    return ScipyRotation


def _flat_to_matrix(flat: Matrix, representation: Rotation) -> Matrix:
    if representation is Rotation.EULER_XYZ:
        return _scipy().from_euler("xyz", flat).as_matrix()
    if representation is Rotation.AXIS_ANGLE:
        return _scipy().from_rotvec(flat).as_matrix()
    if representation is Rotation.QUAT_XYZW:
        return _quaternion_to_matrix(flat)
    if representation is Rotation.QUAT_WXYZ:
        return _quaternion_to_matrix(flat[:, (1, 2, 3, 0)])
    if representation is Rotation.ROT6D_ROWS:
        flat = flat[:, (0, 2, 4, 1, 3, 5)]
    return _columns_to_matrix(flat)


def _flat_from_matrix(flat: Matrix, representation: Rotation) -> Matrix:
    if representation is Rotation.EULER_XYZ:
        return _matrix_to_euler(flat)
    if representation is Rotation.ROT6D_COLUMNS:
        return np.concatenate([flat[:, :, 0], flat[:, :, 1]], axis=1)
    if representation is Rotation.ROT6D_ROWS:
        return flat[:, :, :2].reshape(-1, 6)
    rotation = _scipy().from_matrix(flat)
    if representation is Rotation.AXIS_ANGLE:
        return rotation.as_rotvec()
    quaternion = rotation.as_quat()
    quaternion = np.where(quaternion[:, 3:] < 0, -quaternion, quaternion)
    return quaternion[:, (3, 0, 1, 2)] if representation is Rotation.QUAT_WXYZ else quaternion


def _quaternion_to_matrix(xyzw: Matrix) -> Matrix:
    if (np.linalg.norm(xyzw, axis=1) < 1e-8).any():
        raise ValueError("a quaternion of zeros is no rotation")
    return _scipy().from_quat(xyzw).as_matrix()


def _columns_to_matrix(columns: Matrix) -> Matrix:
    """Orthonormalise two columns (Gram-Schmidt; Zhou et al. 2019, section B.1)."""
    first = _unit(columns[:, :3])
    overlap = np.sum(first * columns[:, 3:], axis=1, keepdims=True)
    second = _unit(columns[:, 3:] - overlap * first)
    return np.stack([first, second, np.cross(first, second)], axis=2)


def _unit(vectors: Matrix) -> Matrix:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if (norms < 1e-8).any():
        raise ValueError("6-D rotation with a zero or parallel column is no rotation")
    unit: Matrix = vectors / norms
    return unit


def _matrix_to_euler(matrix: Matrix) -> Matrix:
    """Roll is solved given the yaw, so that the triple is right near gimbal lock, too."""
    yaw = np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0])
    sine, cosine = np.sin(yaw), np.cos(yaw)
    pitch = np.arctan2(-matrix[:, 2, 0], cosine * matrix[:, 0, 0] + sine * matrix[:, 1, 0])
    roll = np.arctan2(
        sine * matrix[:, 0, 2] - cosine * matrix[:, 1, 2],
        cosine * matrix[:, 1, 1] - sine * matrix[:, 0, 1],
    )
    return np.stack([roll, pitch, yaw], axis=1)
