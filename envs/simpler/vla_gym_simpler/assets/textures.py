"""Generated pictures for surfaces, written once into the cache."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from vla_gym.assets import cache_root
from vla_gym.files import write_atomically

_SIZE = 512
_VERSION = 1


@lru_cache(maxsize=2)
def wood(*, dark: bool = False) -> Path:
    """Return a picture of planks with grain."""
    file = cache_root() / "simpler" / f"wood-{'dark' if dark else 'light'}-{_VERSION}.png"
    if not file.is_file():
        buffer = io.BytesIO()
        Image.fromarray(_planks(dark)).save(buffer, format="PNG")
        write_atomically(file, buffer.getvalue())
    return file


def _planks(dark: bool) -> np.ndarray:
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:_SIZE, 0:_SIZE] / _SIZE
    plank = np.floor(y * 6).astype(int)
    shade = rng.uniform(-0.07, 0.07, 7)[plank]
    waves = np.sin(60 * y + 4 * np.sin(3 * x + plank) + rng.uniform(0, 6, 7)[plank])
    grain = 0.035 * waves + 0.02 * rng.standard_normal((_SIZE, 1)) + shade
    seams = np.where(np.abs(y * 6 - np.round(y * 6)) < 0.012, -0.18, 0.0)
    base = np.array([0.30, 0.20, 0.14] if dark else [0.66, 0.47, 0.31])
    color = base * (1.0 + (grain + seams)[..., None])
    return np.asarray(np.clip(color, 0, 1) * 255, dtype=np.uint8)
