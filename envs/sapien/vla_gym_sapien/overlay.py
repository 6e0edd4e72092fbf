"""A real photograph behind what is simulated ("greenscreen")."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from vla_gym.errors import AssetError
from vla_gym_sapien.interface import U8, Picture


@lru_cache(maxsize=32)
def photograph(file: Path, size: tuple[int, int]) -> U8:
    """Return a photograph at (height, width), bilinearly resized where it has another size.

    Raises:
        AssetError: When the file is missing.
    """
    if not file.is_file():
        raise AssetError(
            f"{file}: the background photograph is missing. "
            "Fix: `vla-gym assets fetch simpler`, or use assets='builtin'."
        )
    image = Image.open(file).convert("RGB")
    if image.size != (size[1], size[0]):
        image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.array(image)
    pixels.flags.writeable = False
    return pixels


def composite(picture: Picture, photo: U8, in_front: Callable[[str], bool]) -> U8:
    """Return the photograph with what is ``in_front`` (by name) drawn over it."""
    assert picture.labels is not None
    ids = [label for label, name in picture.names.items() if in_front(name)]
    mask = label_mask(picture.labels, ids)
    return np.where(mask[..., None], picture.rgb, photo)


def label_mask(
    labels: np.ndarray[tuple[int, ...], np.dtype[np.int32]], ids: Iterable[int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return where the labels are one of ``ids``; faster than ``np.isin`` for small ids."""
    table = np.zeros(int(labels.max()) + 2, dtype=bool)
    for label in ids:
        if label < len(table):
            table[label] = True
    return np.asarray(table[labels])
