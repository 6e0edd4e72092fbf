"""The two cameras of CALVIN as view and projection matrices.

Source: mees/calvin_env at 797142c, ``conf/cameras``, equal in the four scenes. Matrices are the
16 numbers in column order that pybullet and OpenGL use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pybullet

from vla_gym_calvin.visual_state import VisualState

Matrix = tuple[float, ...]

STATIC_EYE: Final = (2.871459009488717, -2.166602199425597, 2.555159848480571)
STATIC_TARGET: Final = (-0.026242351159453392, -0.0302329882979393, 0.3920000493526459)
STATIC_UP: Final = (0.4041403970338857, 0.22629790978217404, 0.8862616969685161)


@dataclass(frozen=True)
class Lens:
    """Vertical field of view in degrees and the clipping distances in metres."""

    fov: float
    near: float
    far: float


LENSES: Final = {"static": Lens(10.0, 0.01, 10.0), "wrist": Lens(75.0, 0.01, 2.0)}


@dataclass(frozen=True)
class View:
    """A camera as pybullet wants it."""

    view: Matrix
    projection: Matrix
    near: float
    far: float


def camera_view(name: str, state: VisualState, size: tuple[int, int]) -> View:
    """Return matrices of a camera for a picture of ``size`` (height, width)."""
    lens = LENSES[name]
    view = _static_view() if name == "static" else _wrist_view(state)
    return View(view, _projection(lens, size[1] / size[0]), lens.near, lens.far)


def metric_depth(buffer: np.ndarray, view: View) -> np.ndarray:
    """Turn a depth buffer in [0, 1] into metres (float32), in the official formula's order."""
    near, far = view.near, view.far
    depth: np.ndarray = far * near / (far - (far - near) * buffer)
    return depth.astype(np.float32)


@lru_cache(maxsize=1)
def _static_view() -> Matrix:
    return tuple(pybullet.computeViewMatrix(STATIC_EYE, STATIC_TARGET, STATIC_UP))


def _wrist_view(state: VisualState) -> Matrix:
    """Look along the link's y axis, with its z axis down."""
    position, quaternion = state.wrist_camera
    axes = np.array(pybullet.getMatrixFromQuaternion(quaternion.tolist())).reshape(3, 3)
    return tuple(
        pybullet.computeViewMatrix(
            position.tolist(), (position + axes[:, 1]).tolist(), (-axes[:, 2]).tolist()
        )
    )


@lru_cache(maxsize=16)
def _projection(lens: Lens, aspect: float) -> Matrix:
    return tuple(
        pybullet.computeProjectionMatrixFOV(
            fov=lens.fov, aspect=aspect, nearVal=lens.near, farVal=lens.far
        )
    )
