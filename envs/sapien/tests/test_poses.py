"""Poses: a group, whatever the numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation
from vla_gym_sapien.poses import (
    Pose,
    euler_quaternion,
    look_along,
    rotation_vector,
    rotation_vector_quaternion,
)

VECTORS = hnp.arrays(np.float64, 3, elements=st.floats(-3, 3))


def _pose(p: np.ndarray, r: np.ndarray) -> Pose:
    return Pose.of(p, rotation_vector_quaternion(r))


@settings(deadline=None)
@given(VECTORS, VECTORS, VECTORS)
def test_a_pose_times_its_inverse_moves_nothing(p, r, point) -> None:
    pose = _pose(p, r)
    np.testing.assert_allclose((pose * pose.inverse()).apply(point), point, atol=1e-9)


@settings(deadline=None)
@given(VECTORS, VECTORS, VECTORS, VECTORS)
def test_products_are_matrix_products(p, r, s, t) -> None:
    one, other = _pose(p, r), _pose(s, t)
    np.testing.assert_allclose((one * other).matrix, one.matrix @ other.matrix, atol=1e-9)


@settings(deadline=None)
@given(VECTORS)
def test_rotation_vectors_are_scipys(r) -> None:
    quaternion = rotation_vector_quaternion(r)
    there, back = Rotation.from_rotvec(r), Rotation.from_rotvec(rotation_vector(quaternion))
    np.testing.assert_allclose(Pose.of(q=quaternion).rotation, there.as_matrix(), atol=1e-9)
    np.testing.assert_allclose(back.as_matrix(), there.as_matrix(), atol=1e-9)
    assert np.linalg.norm(rotation_vector(quaternion)) <= np.pi + 1e-9


def test_euler_angles_are_extrinsic() -> None:
    turned = Pose.of(q=euler_quaternion(np.pi / 2, 0.0, np.pi / 2)).apply(np.array([0.0, 1.0, 0.0]))
    np.testing.assert_allclose(turned, [0.0, 0.0, 1.0], atol=1e-12)


def test_a_camera_looks_along_its_x_axis() -> None:
    pose = Pose.of(q=look_along((1.0, 1.0, -1.0)))
    np.testing.assert_allclose(pose.rotation[:, 0], np.array([1, 1, -1]) / np.sqrt(3), atol=1e-12)
    assert pose.rotation[2, 2] > 0
