"""pybullet's own software renderer: works everywhere, without drivers, but not what data show.

Its pictures differ from the OpenGL ones by some 20 grey levels (no shadows, no texture filtering).
It lives in plain memory, so threads and forked children may use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import pybullet

from vla_gym_calvin.rendering._mirror import Mirror
from vla_gym_calvin.rendering.base import (
    Frame,
    fingerprint,
    pick_sizes,
    resolve_sizes,
)
from vla_gym_calvin.scene_assets.model import SceneAssets
from vla_gym_calvin.visual_state import VisualState, reference_state


class TinyRenderer:
    """Draws with TinyRenderer; identical to the official pictures with ``visuals="exact"``.

    Args:
        assets: The scene.
        visuals: ``"low"`` or ``"exact"``.
        camera_sizes: (height, width) per camera, where they differ from the official ones.
    """

    name = "tiny"

    def __init__(
        self,
        assets: SceneAssets,
        *,
        visuals: str = "low",
        camera_sizes: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self._scene = assets.scene
        self._visuals = visuals
        self._sizes = resolve_sizes(camera_sizes)
        self._mirror = Mirror(assets, visuals=visuals)

    def render(
        self, state: VisualState, cameras: Sequence[str], *, depth: bool = False
    ) -> dict[str, Frame]:
        """Return the pictures of the named cameras (``"static"``, ``"wrist"``)."""
        return self._mirror.frames(
            state,
            pick_sizes(self._sizes, cameras),
            depth=depth,
            renderer=pybullet.ER_TINY_RENDERER,
        )

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.render(reference_state(self._scene), tuple(self._sizes)))

    def describe(self) -> dict[str, Any]:
        """Return name, driver, visuals, and the fingerprint of a reference frame."""
        return {
            "name": self.name,
            "driver": f"pybullet TinyRenderer (API {pybullet.getAPIVersion()})",
            "visuals": self._visuals,
            "fingerprint": self._fingerprint,
        }

    def close(self) -> None:
        """Free the scene; a second call does nothing."""
        self._mirror.close()
