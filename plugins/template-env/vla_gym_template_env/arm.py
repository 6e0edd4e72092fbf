"""The simulator: kinematics of two links, and a picture of them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LINK = 0.25  # metres

Vector = npt.NDArray[np.float64]


def tool(joints: Vector) -> Vector:
    """Return where the tool is, m."""
    first, both = joints[0], joints.sum()
    return LINK * np.array([np.cos(first) + np.cos(both), np.sin(first) + np.sin(both)])


def moved(joints: Vector, shift: Vector) -> Vector:
    """Return the joints after moving the tool by ``shift`` (2,), m, as far as it can go."""
    first, both = joints[0], joints.sum()
    far = LINK * np.array([-np.sin(both), np.cos(both)])
    near = LINK * np.array([-np.sin(first), np.cos(first)]) + far
    jacobian = np.stack([near, far], axis=1)
    damped = jacobian @ jacobian.T + 1e-4 * np.eye(2)
    turned: Vector = joints + jacobian.T @ np.linalg.solve(damped, shift)
    return turned


def picture(
    joints: Vector, spots: Sequence[tuple[Vector, Sequence[int]]], size: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    """Return the arm and coloured spots, uint8 ``(height, width, 3)``."""
    canvas = np.full((*size, 3), 255, np.uint8)
    elbow = LINK * np.array([np.cos(joints[0]), np.sin(joints[0])])
    for share in np.linspace(0.0, 1.0, 40):
        _draw(canvas, share * elbow, (0, 0, 0))
        _draw(canvas, (1 - share) * elbow + share * tool(joints), (90, 90, 90))
    for place, color in spots:
        _draw(canvas, place, color)
    return canvas


def _draw(canvas: npt.NDArray[np.uint8], place: Vector, color: Sequence[int]) -> None:
    """Draw a spot of 3 x 3 pixels; 1 m fills the picture."""
    height, width, _ = canvas.shape
    row = int(height / 2 - place[1] * height)
    column = int(width / 2 + place[0] * width)
    canvas[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = color
