"""What a renderer is given, what it returns, and what every renderer has in common.

Physics and pictures live apart: a renderer never sees the simulated world, only a ``VisualState``.
So a world can be rebuilt at every reset without loading a single visual mesh, and renderers can be
exchanged, shared or left out.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vla_gym.env.cameras import resolve_camera_sizes
from vla_gym.errors import RendererError, UnknownNameError
from vla_gym_calvin import facts
from vla_gym_calvin.visual_state import VisualState

RENDERERS = ("auto", "tiny", "egl", "gl")
VISUALS = ("auto", "low", "fast", "exact")

GL_FIX = (
    "Fix: `apt-get install libegl1 libgl1 libgl1-mesa-dri` (Mesa draws on the CPU; with a GPU, the "
    "driver's own EGL is used), or choose renderer='tiny'."
)


@dataclass(frozen=True)
class Frame:
    """One camera's picture.

    Attributes:
        rgb: ``(height, width, 3)`` uint8.
        depth: Distance along the viewing direction in metres, ``(height, width)`` float32, or
            ``None`` when it was not asked for.
        segmentation: ``body + ((link + 1) << 24)`` as pybullet counts them, -1 where nothing is,
            ``(height, width)`` int32, or ``None`` when it was not asked for.
    """

    rgb: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32] | None = None
    segmentation: npt.NDArray[np.int32] | None = None


class Renderer(Protocol):
    """Draws visual states of one scene. Several may exist in one process."""

    name: str

    def render(
        self, state: VisualState, cameras: Sequence[str], *, depth: bool = False
    ) -> dict[str, Frame]:
        """Return the pictures of the named cameras (``"static"``, ``"wrist"``)."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return name, driver, visuals, and the fingerprint of a reference frame."""
        ...

    def close(self) -> None:
        """Free what the renderer holds; a second call does nothing."""
        ...


@dataclass(frozen=True)
class Owner:
    """The process and thread that created a GL context, the only ones that can use it.

    In a forked child a context hangs, in another thread it draws black without an error; raising
    is what the drivers should do.
    """

    process: int
    thread: int

    @classmethod
    def current(cls) -> Owner:
        """Return the calling process and thread."""
        return cls(os.getpid(), threading.get_ident())

    def check(self, renderer: str) -> None:
        """Raise ``RendererError`` unless called by the owner."""
        if os.getpid() != self.process:
            raise RendererError(
                f"The {renderer!r} renderer was created in process {self.process} and cannot be "
                f"used in its forked child {os.getpid()}. Create environments inside the worker, "
                "or start workers with 'spawn' or 'forkserver'."
            )
        if threading.get_ident() != self.thread:
            raise RendererError(
                f"The {renderer!r} renderer belongs to thread {self.thread} and cannot be used in "
                f"thread {threading.get_ident()}. Create and use the environment in one thread."
            )


def resolve_sizes(sizes: Mapping[str, Sequence[int]] | None) -> dict[str, tuple[int, int]]:
    """Return (height, width) of every camera, the official ones where ``sizes`` says nothing."""
    return resolve_camera_sizes(facts.CAMERA_SIZES, tuple(facts.CAMERA_SIZES), sizes)


def pick_sizes(
    sizes: Mapping[str, tuple[int, int]], cameras: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Return the sizes of the named cameras, or raise ``UnknownNameError``."""
    for name in cameras:
        if name not in sizes:
            raise UnknownNameError("camera", name, sizes)
    return {name: sizes[name] for name in cameras}


def fingerprint(frames: Mapping[str, Frame]) -> str:
    """Return 16 hex digits that two renderers share only if they draw the same pixels."""
    digest = hashlib.sha256()
    for name in sorted(frames):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(frames[name].rgb).tobytes())
    return digest.hexdigest()[:16]
