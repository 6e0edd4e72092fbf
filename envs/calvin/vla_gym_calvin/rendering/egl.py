"""pybullet's OpenGL renderer without a window: what CALVIN's data were recorded with.

What the plugin does not do itself and is done here:

- Where EGL does not work it ends the process. So a child process tries first (``probe``).
- It makes its context current only when it is created; a second renderer in the process would then
  draw the first one's scene with foreign buffers. Every call here makes the right one current.
- The first two pictures have no shadows. They are drawn at construction and thrown away.
- It writes to standard output, which belongs to the program that uses us.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import pybullet

from vla_gym.env.graphics import claim
from vla_gym.errors import RendererError
from vla_gym_calvin.rendering._mirror import Mirror
from vla_gym_calvin.rendering.base import (
    GL_FIX,
    Frame,
    Owner,
    fingerprint,
    pick_sizes,
    resolve_sizes,
)
from vla_gym_calvin.rendering.probe import probe
from vla_gym_calvin.scene_assets.model import SceneAssets
from vla_gym_calvin.visual_state import VisualState, reference_state

_EGL_DRAW, _EGL_READ = 0x3059, 0x305A
_GL_STRINGS = {"vendor": 0x1F00, "renderer": 0x1F01, "version": 0x1F02}


class EglRenderer:
    """Draws with pybullet's EGL plugin.

    Args:
        assets: The scene.
        visuals: ``"low"`` or ``"exact"``.
        camera_sizes: (height, width) per camera, where they differ from the official ones; the
            plugin draws at most 768 x 1024 and enlarges what is bigger.

    Raises:
        RendererError: When EGL does not work here.
    """

    name = "egl"

    def __init__(
        self,
        assets: SceneAssets,
        *,
        visuals: str = "low",
        camera_sizes: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        found = probe("egl")
        if not found.ok:
            raise RendererError(f"renderer='egl' does not work here: {found.problem} {GL_FIX}")
        claim("OpenGL")
        self._scene = assets.scene
        self._visuals = visuals
        self._sizes = resolve_sizes(camera_sizes)
        self._owner = Owner.current()
        with _restored_context(), quiet():
            self._mirror = Mirror(assets, visuals=visuals, plugin=plugin_path())
            self._context = Context.current()
            self._driver = gl_strings()
        self._release = weakref.finalize(self, _release, self._mirror, self._context, self._owner)
        with quiet():
            self._reference = self._warm_up()

    def _warm_up(self) -> dict[str, Frame]:
        """Draw both cameras twice: the first two pictures lack shadows, whichever they are."""
        state = reference_state(self._scene)
        self.render(state, tuple(self._sizes))
        return self.render(state, tuple(self._sizes))

    def render(
        self, state: VisualState, cameras: Sequence[str], *, depth: bool = False
    ) -> dict[str, Frame]:
        """Return the pictures of the named cameras (``"static"``, ``"wrist"``)."""
        if not self._release.alive:
            raise RendererError("This 'egl' renderer is closed.")
        self._owner.check(self.name)
        with _restored_context():
            self._context.make_current()
            return self._mirror.frames(
                state,
                pick_sizes(self._sizes, cameras),
                depth=depth,
                renderer=pybullet.ER_BULLET_HARDWARE_OPENGL,
                flags=pybullet.ER_NO_SEGMENTATION_MASK,
            )

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self._reference)

    def describe(self) -> dict[str, Any]:
        """Return name, driver, visuals, and the fingerprint of a reference frame."""
        return {
            "name": self.name,
            "driver": " / ".join(self._driver.values()),
            "visuals": self._visuals,
            "fingerprint": self._fingerprint,
        }

    def close(self) -> None:
        """Free scene and context; a second call, or one in a forked child, does nothing."""
        self._release()


def _release(mirror: Mirror, context: Context, owner: Owner) -> None:
    if owner == Owner.current():  # elsewhere GL would hang or hit another context
        with _restored_context(), quiet():
            context.make_current()
            mirror.close()


@dataclass(frozen=True)
class Context:
    """What is current in EGL: four handles, 0 where nothing is."""

    display: int
    draw: int
    read: int
    context: int

    @classmethod
    def current(cls) -> Context:
        """Return what is current in this thread."""
        egl = _libegl()
        return cls(
            egl.eglGetCurrentDisplay() or 0,
            egl.eglGetCurrentSurface(_EGL_DRAW) or 0,
            egl.eglGetCurrentSurface(_EGL_READ) or 0,
            egl.eglGetCurrentContext() or 0,
        )

    def make_current(self) -> None:
        """Make it current again."""
        if not _libegl().eglMakeCurrent(self.display, self.draw, self.read, self.context):
            raise RendererError(f"eglMakeCurrent failed (0x{_libegl().eglGetError():x})")


@contextmanager
def _restored_context() -> Iterator[None]:
    """Leave current what was current, for the sake of other users of GL in this thread."""
    before = Context.current()
    try:
        yield
    finally:
        if before.context:
            with suppress(RendererError):  # it was closed meanwhile
                before.make_current()


@contextmanager
def quiet() -> Iterator[None]:
    """Send what C code prints to nowhere; the plugin prints at every turn."""
    libc = ctypes.CDLL(None)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    libc.fflush(None)
    kept = {number: os.dup(number) for number in (1, 2)}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in kept:
        os.dup2(nowhere, number)
    try:
        yield
    finally:
        libc.fflush(None)
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)


def plugin_path() -> str:
    """Return the file of pybullet's EGL plugin."""
    spec = importlib.util.find_spec("eglRenderer")
    if spec is None or spec.origin is None:
        raise RendererError("pybullet was built without its EGL plugin; use renderer='tiny'.")
    return spec.origin


def gl_strings() -> dict[str, str]:
    """Return vendor, renderer and version of the current context."""
    address = _libegl().eglGetProcAddress(b"glGetString")
    get_string = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_uint)(address)
    return {name: (get_string(code) or b"?").decode() for name, code in _GL_STRINGS.items()}


@lru_cache(maxsize=1)
def _libegl() -> ctypes.CDLL:
    egl = ctypes.CDLL("libEGL.so.1")
    for name in ("eglGetCurrentDisplay", "eglGetCurrentContext", "eglGetCurrentSurface"):
        getattr(egl, name).restype = ctypes.c_void_p
    egl.eglGetCurrentSurface.argtypes = [ctypes.c_int]
    egl.eglMakeCurrent.argtypes = [ctypes.c_void_p] * 4
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    egl.eglGetProcAddress.argtypes = [ctypes.c_char_p]
    return egl
