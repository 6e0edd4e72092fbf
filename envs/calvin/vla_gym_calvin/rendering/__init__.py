"""Pictures of CALVIN scenes: our own renderer, and pybullet's two (TinyRenderer and OpenGL/EGL)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vla_gym.errors import MissingDependencyError, OptionError, RendererError, UnknownNameError
from vla_gym_calvin.rendering.base import (
    GL_FIX,
    RENDERERS,
    VISUALS,
    Frame,
    Renderer,
)
from vla_gym_calvin.visual_state import VisualState

if TYPE_CHECKING:
    from vla_gym_calvin.scene_assets.model import SceneAssets

__all__ = ["Frame", "Renderer", "RendererError", "VisualState", "choose", "make_renderer"]


def choose(name: str = "auto", visuals: str = "auto") -> tuple[str, str]:
    """Return the renderer and the visuals that are meant on this machine.

    ``"auto"`` is our own renderer where OpenGL works, else pybullet's TinyRenderer, with a warning;
    and of the visuals ``"fast"`` where there are such, else ``"low"``.

    Raises:
        UnknownNameError: A renderer that does not exist.
        OptionError: Visuals that do not exist, or not with this renderer.
    """
    if name not in RENDERERS:
        raise UnknownNameError("renderer", name, RENDERERS)
    if visuals not in VISUALS:
        raise OptionError(f"visuals={visuals!r}: expected one of {', '.join(VISUALS)}.")
    if visuals == "fast" and name not in ("auto", "gl"):
        raise OptionError("visuals='fast' needs renderer='gl'; use 'low' or 'exact' here.")
    name = _best() if name == "auto" else name
    if name != "gl" and visuals in ("auto", "fast"):
        visuals = "low"
    return name, "fast" if visuals == "auto" else visuals


def _best() -> str:
    from vla_gym_calvin.rendering.probe import probe

    found = probe("gl")
    if not found.ok:
        warnings.warn(
            f"CALVIN is drawn by 'tiny', whose pictures differ from the recorded data: renderer "
            f"'gl' does not work here. {found.problem} {'' if 'Fix:' in found.problem else GL_FIX}",
            stacklevel=4,
        )
    return "gl" if found.ok else "tiny"


def make_renderer(
    name: str = "auto",
    *,
    assets: SceneAssets,
    visuals: str = "auto",
    camera_sizes: Mapping[str, Sequence[int]] | None = None,
    device: int | None = None,
) -> Renderer:
    """Return a renderer of one scene.

    Args:
        name: ``"gl"`` (our own), ``"tiny"``, ``"egl"``, or ``"auto"``, see ``choose``.
        assets: The scene.
        visuals: ``"exact"`` for the original meshes, ``"fast"`` (``"gl"`` only) for original meshes
            that cast simplified shadows, ``"low"`` for simplified robot meshes; or ``"auto"``.
        camera_sizes: (height, width) per camera, where they differ from the official ones.
        device: Graphics card of ``"gl"`` as CUDA counts them; ``None`` for what the variable
            ``VLA_GYM_RENDER_DEVICE`` says, else the first.

    Raises:
        RendererError: When ``"egl"`` or ``"gl"`` was asked for and does not work here; the
            caller's process is never aborted.
    """
    name, visuals = choose(name, visuals)
    if device is not None and name != "gl":
        raise OptionError(f"device={device}: only renderer='gl' can choose one, not {name!r}.")
    if name == "egl":
        from vla_gym_calvin.rendering.egl import EglRenderer

        return EglRenderer(assets, visuals=visuals, camera_sizes=camera_sizes)
    if name == "gl":
        return _gl_renderer(assets, visuals, camera_sizes, device)
    from vla_gym_calvin.rendering.tiny import TinyRenderer

    return TinyRenderer(assets, visuals=visuals, camera_sizes=camera_sizes)


def _gl_renderer(
    assets: SceneAssets,
    visuals: str,
    camera_sizes: Mapping[str, Sequence[int]] | None,
    device: int | None,
) -> Renderer:
    try:
        from vla_gym_calvin.rendering.gl.renderer import GlRenderer
    except ModuleNotFoundError as error:
        if error.name != "moderngl":
            raise
        raise MissingDependencyError(
            "renderer='gl' needs moderngl. Fix: `pip install moderngl`."
        ) from error
    return GlRenderer(assets, visuals=visuals, camera_sizes=camera_sizes, device=device)
