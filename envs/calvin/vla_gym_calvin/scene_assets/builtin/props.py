"""The coloured blocks and the floor."""

from __future__ import annotations

from pathlib import Path

from vla_gym_calvin.scene_assets.builtin import layout as at
from vla_gym_calvin.scene_assets.builtin import urdf
from vla_gym_calvin.scene_assets.builtin.mesh import Mesh, Patch

_HALF_HEIGHT = 0.02
_FLOOR_HALF = 15.0
_TILES = Patch((0.0, 0.0), (30.0, 30.0), (2 * _FLOOR_HALF, 2 * _FLOOR_HALF))


def block(colour: str, size: str, folder: Path) -> Path:
    """Write one block: 1 kg, the size of the official one, with slightly broken edges."""
    half = (at.BLOCK_SIZES[size] / 2, _HALF_HEIGHT, _HALF_HEIGHT)
    name = f"block_{colour}_{size}"
    mesh = Mesh()
    mesh.chamfered_box(half, 0.002)
    mesh.write(folder / f"{name}.obj", scaling=at.SCALING)
    red, green, blue = at.BLOCK_COLOURS[colour]
    link = urdf.Link(
        "base_link",
        mass=1.0,
        visual=(urdf.mesh(f"{name}.obj"),),
        collision=(urdf.box([-h for h in half], half),),
        rgba=(red, green, blue, 1.0),
        contact=(("lateral_friction", 0.7), ("spinning_friction", 0.001)),
    )
    path = folder / f"{name}.urdf"
    urdf.write(path, f"block_{colour}", [link], scaling=at.SCALING)
    return path


def floor(folder: Path, texture: str) -> Path:
    """Write the ground: a tiled square that one looks at, on a thick slab that carries."""
    h = _FLOOR_HALF
    mesh = Mesh()
    mesh.polygon([(-h, -h, 0), (h, -h, 0), (h, h, 0), (-h, h, 0)], _TILES)
    mesh.write(folder / "floor.obj", texture=texture)
    link = urdf.Link(
        "planeLink",
        visual=(urdf.mesh("floor.obj"),),
        collision=(urdf.Shape("box", (200.0, 200.0, 10.0), (0.0, 0.0, -5.0)),),
        contact=(("lateral_friction", 1.0),),
    )
    path = folder / "floor.urdf"
    urdf.write(path, "plane", [link])
    return path
