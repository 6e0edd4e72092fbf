"""Pictures that a LeRobot folder holds in its parquet files, or in files that those name."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from vla_gym.contract.spec import CameraSpec
from vla_gym.datasets.lerobot_paths import inside
from vla_gym.errors import DatasetError


def stored_picture(
    cell: Any, camera: CameraSpec, root: Path, *, where: str
) -> npt.NDArray[np.uint8]:
    """Return the picture that a cell holds or names, uint8 ``(H, W, 3)``.

    Args:
        cell: The bytes of a picture and its path; one of them may be absent.
        camera: What size it is.
        root: The folder that paths begin at.
        where: File, episode, column and frame, for messages.

    Raises:
        DatasetError: When it is absent, damaged, of another size or no colour picture.
    """
    return _picture(_encoded(cell, root, where), camera, where)


def _encoded(cell: Any, root: Path, where: str) -> bytes:
    """Return the bytes of a picture, which stand in the cell or in a file that it names."""
    if isinstance(cell, dict):
        data, path = cell.get("bytes"), cell.get("path")
        if isinstance(data, bytes):
            return data
        if isinstance(path, str):
            file = inside(root, path, where=where)
            try:
                return file.read_bytes()
            except OSError as error:
                raise DatasetError(f"{where}: {file} cannot be read: {error}") from error
    raise DatasetError(
        f"{where} is {type(cell).__name__}, expected the bytes of a picture or the path of one."
    )


def _picture(data: bytes, camera: CameraSpec, where: str) -> npt.NDArray[np.uint8]:
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as picture:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            expected = camera.width, camera.height
            if picture.mode != "RGB" or picture.size != expected:
                raise DatasetError(
                    f"{where} is {picture.mode} of {picture.size[1]} x {picture.size[0]}, "
                    f"expected RGB of {camera.height} x {camera.width}."
                )
            return np.asarray(picture)
    except DatasetError:
        raise
    except Exception as error:  # Pillow's decoders raise what they like
        raise DatasetError(f"{where} cannot be read: {error}") from error
