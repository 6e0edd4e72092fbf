"""Pictures of CALVIN scenes: pybullet's TinyRenderer and its OpenGL renderer (EGL)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_calvin.rendering.base import (
    RENDERERS,
    VISUALS,
    Frame,
    Renderer,
    RendererError,
    VisualState,
)

if TYPE_CHECKING:
    from vla_gym_calvin.scene_assets.model import SceneAssets

__all__ = ["Frame", "Renderer", "RendererError", "VisualState", "make_renderer"]


def make_renderer(
    name: str = "auto",
    *,
    assets: SceneAssets,
    visuals: str = "low",
    camera_sizes: Mapping[str, Sequence[int]] | None = None,
) -> Renderer:
    """Return a renderer of one scene.

    Args:
        name: ``"tiny"``, ``"egl"``, or ``"auto"``: EGL where it works, else tiny.
        assets: The scene.
        visuals: ``"low"`` for simplified robot meshes, ``"exact"`` for the original ones.
        camera_sizes: (height, width) per camera, where they differ from the official ones.

    Raises:
        RendererError: When ``"egl"`` was asked for and does not work here; the caller's process
            is never aborted.
    """
    if name not in RENDERERS:
        raise UnknownNameError("renderer", name, RENDERERS)
    if visuals not in VISUALS:
        raise OptionError(f"visuals={visuals!r}: expected one of {', '.join(VISUALS)}.")
    if name == "auto":
        from vla_gym_calvin.rendering.probe import probe

        name = "egl" if probe("egl").ok else "tiny"
    if name == "egl":
        from vla_gym_calvin.rendering.egl import EglRenderer

        return EglRenderer(assets, visuals=visuals, camera_sizes=camera_sizes)
    from vla_gym_calvin.rendering.tiny import TinyRenderer

    return TinyRenderer(assets, visuals=visuals, camera_sizes=camera_sizes)
