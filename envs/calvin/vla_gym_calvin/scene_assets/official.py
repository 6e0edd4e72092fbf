"""The official CALVIN files: which are needed, whether they are there, and the scenes they make.

Files lie under the asset root at the upstream repositories' own paths and are described by
``data/official_assets.json``. ``python -m vla_gym_calvin.scene_assets.official ROOT`` writes that
manifest from a directory that holds them.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import resources
from pathlib import Path

from vla_gym.assets import AssetManifest, AssetStatus, Upstream, asset_root, require, scan, status
from vla_gym_calvin import facts
from vla_gym_calvin.scene_assets.model import SceneAssets

MANIFEST_FILE = "official_assets.json"
DATA = "calvin_env/data"
ANNOTATIONS = "calvin/calvin_models/conf/annotations"
UPSTREAMS = (
    Upstream(
        folder="calvin_env",
        url="https://github.com/mees/calvin_env",
        commit=facts.CALVIN_ENV_COMMIT,
        licence="MIT",
    ),
    Upstream(
        folder="calvin",
        url="https://github.com/mees/calvin",
        commit=facts.CALVIN_COMMIT,
        licence="MIT",
    ),
)


@lru_cache(maxsize=1)
def official_manifest() -> AssetManifest:
    """Return the manifest of all official files: scenes A-D and the language annotations."""
    file = resources.files("vla_gym_calvin") / "data" / MANIFEST_FILE
    return AssetManifest.model_validate_json(file.read_text())


@lru_cache(maxsize=len(facts.SCENES))
def scene_manifest(scene: str) -> AssetManifest:
    """Return the part of the manifest that one scene needs."""
    folders = (f"calvin_table_{scene}", "franka_panda", "blocks", "plane")
    prefixes = tuple(f"{DATA}/{folder}/" for folder in folders)
    whole = official_manifest()
    files = tuple(file for file in whole.files if file.path.startswith(prefixes))
    return whole.model_copy(update={"files": files})


def official_status(scene: str) -> AssetStatus:
    """Return how complete the files of a scene are."""
    return status(scene_manifest(scene))


def official_assets(scene: str) -> SceneAssets:
    """Return a scene made of the official files.

    Raises:
        AssetError: When a file is missing or differs from the manifest; names it and both hashes.
    """
    require(scene_manifest(scene))
    data = asset_root() / DATA
    return SceneAssets(
        kind="official",
        scene=scene,
        robot_urdf=data / "franka_panda" / "panda_longer_finger.urdf",
        table_urdf=data / f"calvin_table_{scene}" / "urdf" / f"calvin_table_{scene}.urdf",
        plane_urdf=data / "plane" / "plane.urdf",
        block_urdfs=tuple(
            (color, data / "blocks" / f"block_{color}_{size}.urdf")
            for color, size in facts.SCENES[scene].blocks
        ),
        scaling=facts.SCALING,
    )


def make_manifest(root: Path) -> AssetManifest:
    """Describe the official files that lie under ``root``."""
    paths = [
        path.relative_to(root).as_posix()
        for folder in (DATA, ANNOTATIONS)
        for path in (root / folder).rglob("*")
        if path.is_file()
    ]
    return AssetManifest(
        name="calvin",
        files=scan(root, paths),
        upstreams=UPSTREAMS,
        summary="CALVIN's scenes A-D, robot, blocks and language annotations",
    )


def _write(root: Path) -> None:
    target = Path(__file__).parents[1] / "data" / MANIFEST_FILE
    target.write_text(make_manifest(root).model_dump_json(indent=1) + "\n")


if __name__ == "__main__":
    _write(Path(sys.argv[1]) if len(sys.argv) > 1 else asset_root())
