"""Pictures for the table and for table cloths, generated."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from vla_gym.assets import cached_file

F64 = npt.NDArray[np.float64]
Color = tuple[float, float, float]

_SIZE = 1024


def _grid() -> tuple[F64, F64]:
    y, x = np.mgrid[0:_SIZE, 0:_SIZE] / _SIZE
    return x, y


def _mixed(share: npt.NDArray[np.floating], one: Color, other: Color) -> F64:
    return np.asarray(share[..., None] * np.array(one) + (1.0 - share[..., None]) * np.array(other))


def checks(one: Color, other: Color, count: int = 14) -> F64:
    """Return gingham: two overlaid stripes."""
    x, y = _grid()
    stripes = (np.floor(x * 2 * count) % 2 + np.floor(y * 2 * count) % 2) / 2
    return _mixed(stripes, one, other)


def dots(one: Color, other: Color, count: int = 15) -> F64:
    """Return dots of ``one`` on ``other``."""
    x, y = _grid()
    shift = 0.5 * (np.floor(y * count) % 2)
    inside = ((x * count + shift) % 1 - 0.5) ** 2 + ((y * count) % 1 - 0.5) ** 2 < 0.07
    return _mixed(inside.astype(float), one, other)


def stripes(one: Color, other: Color, count: int = 16) -> F64:
    """Return broad and narrow stripes."""
    x, _ = _grid()
    return _mixed(((x * count) % 1 < 0.35).astype(float), one, other)


def rhombs(one: Color, other: Color, count: int = 12) -> F64:
    """Return a pattern of rhombs."""
    x, y = _grid()
    inside = np.abs((x * count) % 1 - 0.5) + np.abs((y * count) % 1 - 0.5) < 0.34
    return _mixed(inside.astype(float), one, other)


def wood() -> F64:
    """Return planks with grain."""
    rng = np.random.default_rng(3)
    x, y = _grid()
    plank = np.floor(y * 5).astype(int)
    tone = rng.uniform(-0.05, 0.05, 6)[plank]
    grain = 0.03 * np.sin(70 * y + 3 * np.sin(4 * x + plank) + rng.uniform(0, 6, 6)[plank])
    seam = np.where(np.abs(y * 5 - np.round(y * 5)) < 0.012, -0.15, 0.0)
    return np.asarray(np.array([0.84, 0.79, 0.71]) * (1.0 + (grain + tone + seam)[..., None]))


_CLOTHS: dict[str, Callable[[], F64]] = {
    "blue_checks": lambda: checks((0.15, 0.32, 0.75), (0.93, 0.94, 0.96)),
    "pink_dots": lambda: dots((0.90, 0.45, 0.58), (0.96, 0.93, 0.93)),
    "green_stripes": lambda: stripes((0.20, 0.50, 0.28), (0.90, 0.90, 0.80)),
    "orange_rhombs": lambda: rhombs((0.92, 0.55, 0.16), (0.35, 0.20, 0.28)),
}
CLOTHS = tuple(_CLOTHS)
"""Table cloths of the unseen background; blue/white and white/pink are seen in the paper."""


@lru_cache(maxsize=8)
def picture(name: str) -> Path:
    """Return the picture file of a table cloth, or of ``"wood"``."""
    values = wood() if name == "wood" else _CLOTHS[name]()
    buffer = io.BytesIO()
    Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8)).save(buffer, format="PNG")
    return cached_file(f"bdr/{name}.png", buffer.getvalue())
