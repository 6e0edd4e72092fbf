"""Rotations survive every way of writing them, and what is equal is not touched."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation as ScipyRotation

from vla_gym.contract import Rotation, rotations

ALL = list(Rotation)
angles = st.lists(st.floats(-3.1, 3.1), min_size=3, max_size=3).map(np.array)
quaternions = (
    st.lists(st.floats(-1, 1), min_size=4, max_size=4)
    .map(np.array)
    .filter(lambda values: np.linalg.norm(values) > 1e-3)
)
matrices = quaternions.map(lambda values: ScipyRotation.from_quat(values).as_matrix())


@given(matrix=matrices)
def test_a_matrix_survives_being_written_down(matrix: np.ndarray) -> None:
    for representation in ALL:
        written = rotations.from_matrix(matrix, representation)
        assert written.shape == (representation.size,)
        np.testing.assert_allclose(rotations.to_matrix(written, representation), matrix, atol=1e-9)


@given(matrix=matrices)
def test_converting_keeps_the_rotation(matrix: np.ndarray) -> None:
    for source, target in itertools.product(ALL, ALL):
        written = rotations.convert(rotations.from_matrix(matrix, source), source, target)
        np.testing.assert_allclose(rotations.to_matrix(written, target), matrix, atol=1e-9)


@pytest.mark.parametrize("representation", ALL)
@given(data=st.data())
def test_an_equal_representation_returns_the_same_bits(
    representation: Rotation, data: st.DataObject
) -> None:
    size = representation.size
    values = np.array(data.draw(st.lists(st.floats(-9, 9), min_size=size, max_size=size)))
    converted = rotations.convert(values, representation, representation)
    assert converted.tobytes() == values.tobytes()


def test_permutations_do_no_arithmetic() -> None:
    xyzw = np.array([0.1, 0.2, 0.3, 0.7])
    wxyz = rotations.convert(xyzw, Rotation.QUAT_XYZW, Rotation.QUAT_WXYZ)
    assert wxyz.tolist() == [0.7, 0.1, 0.2, 0.3]
    columns = np.arange(6.0)
    rows = rotations.convert(columns, Rotation.ROT6D_COLUMNS, Rotation.ROT6D_ROWS)
    assert rows.tolist() == [0, 3, 1, 4, 2, 5]
    back = rotations.convert(rows, Rotation.ROT6D_ROWS, Rotation.ROT6D_COLUMNS)
    assert back.tolist() == columns.tolist()


def test_euler_angles_are_extrinsic_x_y_z() -> None:
    roll, pitch, yaw = 0.3, -0.4, 1.1
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(roll), -np.sin(roll)], [0, np.sin(roll), np.cos(roll)]]
    )
    about_y = np.array(
        [[np.cos(pitch), 0, np.sin(pitch)], [0, 1, 0], [-np.sin(pitch), 0, np.cos(pitch)]]
    )
    about_z = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    matrix = rotations.to_matrix([roll, pitch, yaw], Rotation.EULER_XYZ)
    np.testing.assert_allclose(matrix, about_z @ about_y @ about_x, atol=1e-15)


def test_a_6d_rotation_in_columns_is_the_first_two_columns() -> None:
    matrix = rotations.to_matrix([0.3, 0.2, 0.1], Rotation.EULER_XYZ)
    columns = rotations.from_matrix(matrix, Rotation.ROT6D_COLUMNS)
    np.testing.assert_array_equal(columns, np.r_[matrix[:, 0], matrix[:, 1]])


@pytest.mark.parametrize("gap", [0.0, 1e-12, 1e-9, 1e-6])
def test_gimbal_lock_keeps_the_rotation(gap: float) -> None:
    matrix = rotations.to_matrix([0.7, np.pi / 2 - gap, -0.4], Rotation.EULER_XYZ)
    angles_back = rotations.from_matrix(matrix, Rotation.EULER_XYZ)
    np.testing.assert_allclose(
        rotations.to_matrix(angles_back, Rotation.EULER_XYZ), matrix, atol=1e-9
    )


def test_quaternions_are_written_with_a_positive_w() -> None:
    matrix = rotations.to_matrix([0.1, 0.2, 0.3, -0.9], Rotation.QUAT_XYZW)
    assert rotations.from_matrix(matrix, Rotation.QUAT_XYZW)[3] > 0


def test_any_number_of_leading_axes_is_allowed() -> None:
    values = np.zeros((2, 5, 3))
    assert rotations.to_matrix(values, Rotation.AXIS_ANGLE).shape == (2, 5, 3, 3)
    assert rotations.convert(values, Rotation.EULER_XYZ, Rotation.ROT6D_ROWS).shape == (2, 5, 6)


@pytest.mark.parametrize(
    ("values", "representation"),
    [
        (np.zeros(4), Rotation.QUAT_XYZW),
        (np.zeros(6), Rotation.ROT6D_COLUMNS),
        (np.array([1.0, 0, 0, 2, 0, 0]), Rotation.ROT6D_COLUMNS),
        (np.zeros(3), Rotation.QUAT_WXYZ),
    ],
)
def test_what_is_no_rotation_is_refused(values: np.ndarray, representation: Rotation) -> None:
    with pytest.raises(ValueError, match=r"no rotation|takes"):
        rotations.to_matrix(values, representation)


@given(reference=angles, change=st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=3))
def test_the_nearest_euler_angles_keep_the_rotation(
    reference: np.ndarray, change: list[float]
) -> None:
    aim = reference + np.array(change)
    matrix = rotations.to_matrix(aim, Rotation.EULER_XYZ)
    nearest = rotations.nearest_euler(matrix, reference)
    np.testing.assert_allclose(rotations.to_matrix(nearest, Rotation.EULER_XYZ), matrix, atol=1e-9)
    assert np.abs(nearest - reference).sum() <= np.abs(np.array(change)).sum() + 1e-6


@given(value=st.floats(-100, 100))
def test_wrapped_angles_are_the_same_angle(value: float) -> None:
    wrapped = float(rotations.wrap(value))
    assert -np.pi <= wrapped < np.pi + 1e-12
    assert np.isclose(np.cos(wrapped), np.cos(value), atol=1e-9)


def test_the_mean_rotation_ignores_the_sign_of_quaternions() -> None:
    quaternion = np.array([0.0, 0.0, np.sin(0.2), np.cos(0.2)])
    mean = rotations.mean(np.stack([quaternion, -quaternion]), [0.5, 0.5], Rotation.QUAT_XYZW)
    np.testing.assert_allclose(mean, quaternion, atol=1e-12)
