"""The files of a scene: the official ones where they are complete, else our own."""

from __future__ import annotations

import warnings

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_calvin.facts import SCENES
from vla_gym_calvin.scene_assets.model import SceneAssets

__all__ = ["KINDS", "SceneAssets", "scene_assets"]

KINDS = ("auto", "official", "builtin")


def scene_assets(scene: str, kind: str = "auto") -> SceneAssets:
    """Return the files of a scene.

    Args:
        scene: ``"A"`` to ``"D"``.
        kind: ``"official"``, ``"builtin"``, or ``"auto"``: official where complete, else built-in.

    Raises:
        AssetError: When ``"official"`` files are missing or not the right ones.
    """
    if scene not in SCENES:
        raise UnknownNameError("CALVIN scene", scene, SCENES)
    if kind not in KINDS:
        raise OptionError(f"assets={kind!r}: expected one of {', '.join(KINDS)}.")
    if kind == "official" or (kind == "auto" and _official_is_complete(scene)):
        from vla_gym_calvin.scene_assets.official import official_assets

        return official_assets(scene)
    from vla_gym_calvin.scene_assets.builtin import builtin_assets

    return builtin_assets(scene)


def _official_is_complete(scene: str) -> bool:
    """Return whether the official scene can be used; say so when it is only partly there."""
    from vla_gym_calvin.scene_assets.official import official_status

    found = official_status(scene)
    if found.state not in ("complete", "absent"):
        warnings.warn(
            f"The official CALVIN assets are {found.state}, so the built-in scene is used: "
            f"{found.problems[0].message}. Fix: `vla-gym assets fetch calvin`.",
            stacklevel=4,
        )
    return found.state == "complete"
