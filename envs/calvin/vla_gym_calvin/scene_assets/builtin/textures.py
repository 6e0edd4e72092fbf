"""Wood, metal and floor tiles, drawn with numpy instead of being shipped as pictures.

A furniture texture holds three materials in one picture, because PyBullet draws a mesh file with
a single texture: wood in the upper part, a strip of the same wood in shadow (grooves), and
brushed metal at the bottom (handles). ``WOOD``, ``GROOVE`` and ``METAL`` are where they lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from vla_gym_calvin.scene_assets.builtin.mesh import Patch

Picture = npt.NDArray[np.float64]

_SIZE = 512
_WOOD_ROWS, _GROOVE_ROWS, _METAL_ROWS = (0, 420), (428, 454), (462, 508)


def _patch(rows: tuple[int, int], size: tuple[float, float]) -> Patch:
    """Return the patch between two picture rows, a little inside so that nothing bleeds in."""
    margin = 1.5 / _SIZE
    low, high = 1 - rows[1] / _SIZE + margin, 1 - rows[0] / _SIZE - margin
    return Patch((margin, low), (1 - margin, high), size)


WOOD = _patch(_WOOD_ROWS, (0.90, 0.74))
GROOVE = _patch(_GROOVE_ROWS, (0.4, 0.02))
METAL = _patch(_METAL_ROWS, (0.5, 0.045))


@dataclass(frozen=True)
class Wood:
    """The look of one wood: early and late wood colours, rings per picture, contrasts."""

    light: tuple[float, float, float]
    dark: tuple[float, float, float]
    rings: float
    figure: float
    seed: int


WOODS = {
    "mahogany": Wood((132, 76, 54), (88, 46, 34), 9.0, 0.55, 11),
    "pine": Wood((236, 200, 150), (206, 156, 100), 12.0, 0.45, 23),
    "oak": Wood((178, 126, 76), (128, 84, 46), 16.0, 0.60, 37),
    "walnut": Wood((174, 130, 90), (122, 86, 56), 11.0, 0.65, 53),
}


def furniture(wood: str) -> Image.Image:
    """Return the 512 x 512 texture of a wood with its groove and metal strips."""
    kind = WOODS[wood]
    picture = np.empty((_SIZE, _SIZE, 3))
    grain = _wood(kind, (_SIZE, _SIZE))
    picture[:] = grain
    picture[_WOOD_ROWS[1] :] = np.array(kind.dark) * 0.5
    rows = slice(*_GROOVE_ROWS)
    picture[rows] = grain[rows] * 0.42
    picture[_METAL_ROWS[0] - 4 :] = _metal((_SIZE - _METAL_ROWS[0] + 4, _SIZE), kind.seed)
    return _image(picture)


def floor() -> Image.Image:
    """Return the floor: two by two soft grey tiles with thin joints, seamless."""
    size = 512
    rng = np.random.default_rng(5)
    tiles = np.indices((2, 2)).sum(axis=0) % 2
    shade = np.kron(np.where(tiles == 0, 244.0, 214.0), np.ones((size // 2, size // 2)))
    shade += 2.5 * _noise(rng, (size, size), (24, 24)) + 1.2 * _noise(rng, (size, size), (2, 2))
    edge = np.abs((np.arange(size) + size // 4) % (size // 2) - size // 4)
    joint = np.minimum.outer(edge, edge) < 2
    shade = np.where(joint, shade - 14, shade)
    return _image(shade[..., None] * (0.995, 1.0, 1.005))


def save(image: Image.Image, path: Path) -> None:
    """Write a PNG (fast compression: the files are read far more often than shipped)."""
    image.save(path, compress_level=3)


def _wood(kind: Wood, shape: tuple[int, int]) -> Picture:
    """Return flat-sawn wood with the grain along x: warped rings, fibres and dark pores."""
    rng = np.random.default_rng(kind.seed)
    rows = np.linspace(0.0, 1.0, shape[0])[:, None]
    warp = _noise(rng, shape, (30, 170)) + 0.35 * _noise(rng, shape, (9, 80))
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (kind.rings * rows + 0.9 * warp))
    rings = rings**1.6
    fibres = _noise(rng, shape, (0.7, 30))
    pores = np.clip(_noise(rng, shape, (0.5, 8)) - 1.4, 0.0, 1.2)
    blotch = _noise(rng, shape, (45, 100))
    dark = kind.figure * rings + 0.10 * fibres + 0.10 * blotch + 0.22
    mixed = np.clip(dark, 0.0, 1.0)[..., None]
    colour = np.array(kind.light) * (1 - mixed) + np.array(kind.dark) * mixed
    return np.asarray(colour * (1.0 - 0.13 * pores[..., None]))


def _metal(shape: tuple[int, int], seed: int) -> Picture:
    rng = np.random.default_rng(seed)
    shade = 92.0 + 3.0 * _noise(rng, shape, (0.6, 45)) + 1.5 * _noise(rng, shape, (3, 3))
    return np.asarray(shade[..., None] * (0.99, 1.0, 1.015))


def _noise(rng: np.random.Generator, shape: tuple[int, int], width: tuple[float, float]) -> Picture:
    """Return seamless Gaussian noise of unit deviation, smooth over ``width`` (rows, columns).

    Broad noise is drawn on a coarse grid and enlarged, which is what keeps this under a second.
    """
    steps = [max(1, int(w // 4)) for w in width]
    steps = [1 << (step.bit_length() - 1) for step in steps]
    coarse = (shape[0] // steps[0] or 1, shape[1] // steps[1] or 1)
    field = rng.standard_normal(coarse)
    sigma = [w / step for w, step in zip(width, steps, strict=True)]
    field = ndimage.gaussian_filter(field, sigma, mode="wrap")
    field = field / (field.std() + 1e-12)
    if coarse != shape:
        zoom = (shape[0] / coarse[0], shape[1] / coarse[1])
        field = ndimage.zoom(field, zoom, order=1, mode="grid-wrap", grid_mode=True)
    return np.asarray(field, dtype=np.float64)


def _image(picture: npt.NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8), "RGB")
