"""Rigid poses as values: position in metres and unit quaternion wxyz, in double precision.

Engines have their own pose types, in single precision; what is computed between two steps of the
engine (targets of an arm, grasp tests, camera mounts) is computed here. scipy is imported where it
is used: contracts are asked often, and it would be the slowest part of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

IDENTITY_QUATERNION = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Pose:
    """Where something is.

    Attributes:
        p: Position ``(3,)``, m.
        q: Unit quaternion ``(4,)``, wxyz.
    """

    p: F64
    q: F64

    @staticmethod
    def of(
        p: Sequence[float] | npt.NDArray[np.floating] = (0.0, 0.0, 0.0),
        q: Sequence[float] | npt.NDArray[np.floating] = IDENTITY_QUATERNION,
    ) -> Pose:
        """Return a pose from any sequences; the quaternion is normalised."""
        quaternion = np.array(q, dtype=np.float64)
        return Pose(np.array(p, dtype=np.float64), quaternion / np.linalg.norm(quaternion))

    @staticmethod
    def from_array(values: Sequence[float] | npt.NDArray[np.floating]) -> Pose:
        """Return the pose of ``[x, y, z, qw, qx, qy, qz]``."""
        return Pose.of(values[:3], values[3:7])

    @staticmethod
    def from_matrix(matrix: npt.NDArray[np.floating]) -> Pose:
        """Return the pose of a homogeneous matrix ``(4, 4)``."""
        from scipy.spatial.transform import Rotation

        x, y, z, w = Rotation.from_matrix(matrix[:3, :3]).as_quat()
        return Pose.of(matrix[:3, 3], (w, x, y, z))

    def __mul__(self, other: Pose) -> Pose:
        """Return the pose of ``other``, given in this frame, in the frame this one is given in."""
        return Pose.of(self.p + rotate(self.q, other.p), multiply_quaternions(self.q, other.q))

    def inverse(self) -> Pose:
        """Return the pose that undoes this one."""
        back = conjugate(self.q)
        return Pose(-rotate(back, self.p), back)

    def apply(self, points: F64) -> F64:
        """Return points ``(..., 3)`` of this frame in the frame it is given in."""
        return np.asarray(points @ self.rotation.T + self.p)

    @property
    def rotation(self) -> F64:
        """Rotation matrix ``(3, 3)``."""
        w, x, y, z = self.q
        return np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )

    @property
    def matrix(self) -> F64:
        """Homogeneous matrix ``(4, 4)``."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation
        matrix[:3, 3] = self.p
        return matrix

    def array(self) -> F64:
        """Return ``[x, y, z, qw, qx, qy, qz]``."""
        return np.concatenate([self.p, self.q])


def multiply_quaternions(a: F64, b: F64) -> F64:
    """Return the quaternion (wxyz) of rotation ``b`` followed by ``a``."""
    aw, ax, ay, az = np.asarray(a, dtype=np.float64).tolist()
    bw, bx, by, bz = np.asarray(b, dtype=np.float64).tolist()
    return np.array(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ]
    )


def conjugate(q: F64) -> F64:
    """Return the inverse of a unit quaternion (wxyz)."""
    return np.asarray(q * np.array([1.0, -1.0, -1.0, -1.0]))


def rotate(q: F64, vector: F64) -> F64:
    """Return a vector ``(3,)`` rotated by a unit quaternion (wxyz).

    In plain floats: ``np.cross`` takes ten times as long for one vector.
    """
    w, x, y, z = np.asarray(q, dtype=np.float64).tolist()
    a, b, c = np.asarray(vector, dtype=np.float64).tolist()
    d, e, f = 2.0 * (y * c - z * b), 2.0 * (z * a - x * c), 2.0 * (x * b - y * a)
    return np.array(
        [
            a + w * d + (y * f - z * e),
            b + w * e + (z * d - x * f),
            c + w * f + (x * e - y * d),
        ]
    )


def rotation_vector_quaternion(vector: F64) -> F64:
    """Return the quaternion (wxyz) of a rotation vector ``(3,)``, rad."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.array([1.0, *(0.5 * np.asarray(vector))])
    return np.array([np.cos(angle / 2), *(np.sin(angle / 2) / angle * np.asarray(vector))])


def rotation_vector(q: F64) -> F64:
    """Return the rotation vector ``(3,)`` (rad) of a unit quaternion (wxyz), the shorter way."""
    sine = float(np.linalg.norm(q[1:]))
    if sine < 1e-12:
        return np.zeros(3)
    angle = 2.0 * np.arctan2(sine, abs(q[0]))
    return np.asarray(np.copysign(angle / sine, q[0]) * q[1:])


def euler_quaternion(roll: float, pitch: float, yaw: float) -> F64:
    """Return the quaternion (wxyz) of extrinsic x-y-z Euler angles, rad."""
    from scipy.spatial.transform import Rotation

    x, y, z, w = Rotation.from_euler("xyz", [roll, pitch, yaw]).as_quat()
    return np.array([w, x, y, z])


def look_along(forward: Sequence[float], up: Sequence[float] = (0.0, 0.0, 1.0)) -> F64:
    """Return the quaternion (wxyz) whose x axis looks along ``forward`` and whose z axis is up."""
    x = np.asarray(forward, dtype=np.float64)
    x = x / np.linalg.norm(x)
    y = np.cross(np.asarray(up, dtype=np.float64), x)
    y /= np.linalg.norm(y)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([x, y, np.cross(x, y)], axis=1)
    return Pose.from_matrix(matrix).q
