"""Which image an OBJ is painted with, and its pixels.

One image serves all faces of a mesh file: the first ``map_Kd`` among the materials in use.
Everything else in a material file is ignored, as pybullet does by default.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image


@lru_cache(maxsize=256)
def texture_of(mesh: Path) -> Path | None:
    """Return the image that a mesh file is painted with, if there is one."""
    if mesh.suffix.lower() != ".obj":
        return None
    used: dict[str, None] = {}
    libraries: list[str] = []
    for line in mesh.read_text().splitlines():
        if line.startswith("usemtl "):
            used[line.split(maxsplit=1)[1].strip()] = None
        elif line.startswith("mtllib "):
            libraries.append(line.split(maxsplit=1)[1].strip())
    maps: dict[str, str] = {}
    for library in libraries:
        maps |= _color_maps(mesh.parent / library)
    images = (mesh.parent / maps[name] for name in used if name in maps)
    return next((image for image in images if image.is_file()), None)


def _color_maps(library: Path) -> dict[str, str]:
    """Return the image name of every material that has one."""
    maps: dict[str, str] = {}
    material = ""
    text = library.read_text() if library.is_file() else ""
    for words in map(str.split, text.splitlines()):
        if words[:1] == ["newmtl"]:
            material = " ".join(words[1:])
        elif words[:1] == ["map_Kd"]:
            maps[material] = " ".join(words[1:])
    return maps


def load_texture(path: Path) -> npt.NDArray[np.uint8]:
    """Return RGB pixels ``(height, width, 3)``, bottom row first as OpenGL wants them."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB") if image.mode != "RGBA" else image)
    return np.ascontiguousarray(pixels[::-1, :, :3])
