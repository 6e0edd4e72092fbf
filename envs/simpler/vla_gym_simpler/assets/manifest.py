"""The official files as a manifest for ``vla-gym assets``.

``python -m vla_gym_simpler.assets.manifest ROOT`` writes it from a directory that holds them. It
lists what the tasks use and what is present in copies without large files; the large files (table
stages, some visual meshes) are stood in for when they are absent.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import resources
from pathlib import Path

from vla_gym.assets import AssetManifest, Upstream, asset_root, scan
from vla_gym_simpler.facts import REAL2SIM_COMMIT

MANIFEST_FILE = "official_assets.json"
_FOLDER = "ManiSkill2_real2sim"
_PARTS = (
    "data/custom",
    "data/real_inpainting",
    "data/hab2_bench_assets",
    "mani_skill2_real2sim/assets/descriptions/googlerobot_description",
    "mani_skill2_real2sim/assets/descriptions/widowx_description",
)
_UNUSED = ("_bkup.glb", "_cand1.glb", "_toobright.glb", ".vis.glb", "zero123plus", ".baked.glb")
# The pinned commit is known by its short name only: git cannot fetch that, `--from DIR` works.
UPSTREAM = Upstream(
    folder=_FOLDER,
    url="https://github.com/simpler-env/ManiSkill2_real2sim",
    commit=REAL2SIM_COMMIT,
    licence="Apache-2.0 (code); licences of the single assets are unclear",
)


@lru_cache(maxsize=1)
def official_manifest() -> AssetManifest:
    """Return the manifest of the official files."""
    file = resources.files("vla_gym_simpler") / "data" / MANIFEST_FILE
    return AssetManifest.model_validate_json(file.read_text())


def make_manifest(root: Path) -> AssetManifest:
    """Describe the official files that lie under ``root``."""
    paths = [
        path.relative_to(root).as_posix()
        for part in _PARTS
        for path in (root / _FOLDER / part).rglob("*")
        if path.is_file() and not any(word in path.name for word in _UNUSED)
    ]
    return AssetManifest(
        name="simpler",
        files=scan(root, paths),
        upstreams=(UPSTREAM,),
        summary="SimplerEnv's robots, objects, cabinets and photographs",
    )


def _write(root: Path) -> None:
    target = Path(__file__).parents[1] / "data" / MANIFEST_FILE
    target.write_text(make_manifest(root).model_dump_json(indent=1) + "\n")


if __name__ == "__main__":
    _write(Path(sys.argv[1]) if len(sys.argv) > 1 else asset_root())
