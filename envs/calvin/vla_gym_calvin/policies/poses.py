"""Small geometry of the scripted expert: orientations of the gripper, and angles that wrap.

World axes throughout: x right, y away from the static camera, z up; metres and radians; Euler
angles are pybullet's (extrinsic xyz). The gripper points down at ``(pi, 0, yaw)`` and its fingers
open along ``(sin yaw, -cos yaw)``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


def rotation_matrix(euler: npt.ArrayLike) -> F64:
    """Return the matrix ``(3, 3)`` of extrinsic xyz Euler angles."""
    (ca, cb, cc), (sa, sb, sc) = np.cos(euler), np.sin(euler)
    return np.array(
        [
            [cb * cc, sa * sb * cc - ca * sc, ca * sb * cc + sa * sc],
            [cb * sc, sa * sb * sc + ca * cc, ca * sb * sc - sa * cc],
            [-sb, sa * cb, ca * cb],
        ]
    )


def euler_angles(matrix: F64) -> F64:
    """Return the extrinsic xyz Euler angles ``(3,)`` of a matrix."""
    pitch = math.asin(max(-1.0, min(1.0, -float(matrix[2, 0]))))
    roll = math.atan2(matrix[2, 1], matrix[2, 2])
    return np.array([roll, pitch, math.atan2(matrix[1, 0], matrix[0, 0])])


def pointing_down(yaw: float, *, lean: tuple[float, float] = (0.0, 0.0)) -> F64:
    """Return Euler angles of a gripper that points down and leans.

    Args:
        yaw: About the vertical.
        lean: By how much the fingertips point towards +x and +y, rad.
    """
    down = rotation_matrix([math.pi, 0.0, yaw])
    leaning = rotation_matrix([lean[1], -lean[0], 0.0])
    return euler_angles(leaning @ down)


def raised(position: F64, height: float) -> F64:
    """Return a position ``height`` above another one."""
    return np.asarray(position + np.array([0.0, 0.0, height]))


def nearest_turn(angle: float, reference: float, *, period: float = 2 * math.pi) -> float:
    """Return ``angle`` plus the multiple of ``period`` that brings it closest to ``reference``."""
    return angle + period * round((reference - angle) / period)


def unwrap(euler: F64, reference: F64) -> F64:
    """Return the same angles, each within half a turn of ``reference``."""
    pairs = zip(euler.tolist(), reference.tolist(), strict=True)
    return np.array([nearest_turn(angle, other) for angle, other in pairs])
