"""Pictures of an episode as a video file and back; lossy, but by less than sensors are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vla_gym.datasets.demonstration import Pictures
from vla_gym.errors import DatasetError, VlaGymError
from vla_gym.video_file import FOR_TRAINING, read_frames, write_frames


def write_pictures(path: Path, pictures: Pictures, *, fps: float) -> None:
    """Write uint8 ``(T, H, W, 3)``, H and W even, as H.264.

    Raises:
        DatasetError: When the sizes are odd or the disk is full.
    """
    try:
        write_frames(path, pictures, fps=fps, encoding=FOR_TRAINING)
    except VlaGymError as error:
        raise DatasetError(str(error)) from error


def read_pictures(path: Path, count: int, *, start: float = 0.0, fps: float) -> Pictures:
    """Return ``count`` pictures from ``start`` seconds on, uint8 ``(count, H, W, 3)``.

    Raises:
        DatasetError: When the file is absent, damaged or too short.
    """
    try:
        return np.stack(read_frames(path, count, start=start, fps=fps))
    except VlaGymError as error:
        raise DatasetError(str(error)) from error
