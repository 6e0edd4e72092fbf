"""Scenes A-D of our own making, generated on the user's machine the first time they are needed.

They stand in for the official ones where those are absent: same links, joints and dimensions,
other pictures. Nothing here is a copy of a CALVIN file.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from vla_gym.files import make_folder
from vla_gym_calvin.scene_assets.builtin import layout, props, robot, table, textures
from vla_gym_calvin.scene_assets.cache import cache_root, content_key, source_key
from vla_gym_calvin.scene_assets.model import SceneAssets

__all__ = ["build", "builtin_assets"]


def build(scene: str) -> SceneAssets:
    """Return the built-in files of a scene (``"A"`` to ``"D"``), generated if need be."""
    robot_folder = make_folder(_folder("robot", robot_key=True), _fill_robot)
    places = layout.LAYOUTS[scene]
    folder = make_folder(_folder(f"scene_{scene}"), lambda path: _fill_scene(path, scene))
    return SceneAssets(
        kind="builtin",
        scene=scene,
        robot_urdf=robot_folder / "panda_longer_finger.urdf",
        table_urdf=folder / f"table_{scene}.urdf",
        plane_urdf=folder / "floor.urdf",
        block_urdfs=tuple(
            (colour, folder / f"block_{colour}_{size}.urdf") for colour, size in places.blocks
        ),
        scaling=layout.SCALING,
    )


builtin_assets = build


@lru_cache(maxsize=1)
def _code_key() -> str:
    """Return a hash of everything that generates files, so that new code makes new files."""
    here = Path(__file__).parent
    return content_key(source_key(here), source_key(here.parent, ("low.py", "simplify.py")))


@lru_cache(maxsize=1)
def _robot_key() -> str:
    source = robot.source_folder() / "panda.urdf"
    return content_key(source, str(robot.source_folder()))


def _folder(name: str, *, robot_key: bool = False) -> Path:
    key = content_key(_code_key(), _robot_key()) if robot_key else _code_key()
    return cache_root() / "builtin" / f"{name}-{key}"


def _fill_robot(folder: Path) -> None:
    robot.build(folder)


def _fill_scene(folder: Path, scene: str) -> None:
    places = layout.LAYOUTS[scene]
    for wood in table.texture_names(places):
        textures.save(textures.furniture(wood), folder / f"{wood}.png")
    textures.save(textures.floor(), folder / "floor.png")
    table.build(places, folder, f"table_{scene}")
    props.floor(folder, "floor.png")
    for colour, size in places.blocks:
        props.block(colour, size, folder)
