"""Pictures of CALVIN scenes: pybullet's TinyRenderer, its OpenGL renderer (EGL), and our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vla_gym.errors import MissingDependencyError, OptionError, UnknownNameError
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
        name: ``"tiny"``, ``"egl"``, ``"gl"`` (our own), or ``"auto"``: EGL where it works, else
            tiny.
        assets: The scene.
        visuals: ``"low"`` for simplified robot meshes, ``"exact"`` for the original ones;
            ``"fast"``, with ``"gl"`` only, for original meshes that cast simplified shadows.
        camera_sizes: (height, width) per camera, where they differ from the official ones.

    Raises:
        RendererError: When ``"egl"`` or ``"gl"`` was asked for and does not work here; the
            caller's process is never aborted.
    """
    if name not in RENDERERS:
        raise UnknownNameError("renderer", name, RENDERERS)
    if visuals not in VISUALS:
        raise OptionError(f"visuals={visuals!r}: expected one of {', '.join(VISUALS)}.")
    if visuals == "fast" and name != "gl":
        raise OptionError("visuals='fast' needs renderer='gl'; use 'low' or 'exact' here.")
    if name == "auto":
        from vla_gym_calvin.rendering.probe import probe

        name = "egl" if probe("egl").ok else "tiny"
    if name == "egl":
        from vla_gym_calvin.rendering.egl import EglRenderer

        return EglRenderer(assets, visuals=visuals, camera_sizes=camera_sizes)
    if name == "gl":
        return _gl_renderer(assets, visuals, camera_sizes)
    from vla_gym_calvin.rendering.tiny import TinyRenderer

    return TinyRenderer(assets, visuals=visuals, camera_sizes=camera_sizes)


def _gl_renderer(
    assets: SceneAssets, visuals: str, camera_sizes: Mapping[str, Sequence[int]] | None
) -> Renderer:
    try:
        from vla_gym_calvin.rendering.gl.renderer import GlRenderer
    except ModuleNotFoundError as error:
        if error.name != "moderngl":
            raise
        raise MissingDependencyError(
            "renderer='gl' needs moderngl. Fix: `pip install moderngl`."
        ) from error
    return GlRenderer(assets, visuals=visuals, camera_sizes=camera_sizes)
