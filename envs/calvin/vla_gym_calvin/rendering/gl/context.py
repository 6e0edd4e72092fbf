"""An OpenGL context without a window, shared by all renderers of a thread.

What GL does silently is made loud here: a context used in a forked child hangs, one used in
another thread draws black, objects of two contexts share numbers. A context therefore knows its
process and thread, and everything is done inside ``with context``.

moderngl makes 24-bit depth buffers only; the 16-bit ones of the original are its objects with
their storage specified again by plain GL calls.
"""

from __future__ import annotations

import ctypes
import threading
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import moderngl
import numpy as np

from vla_gym.env.graphics import claim
from vla_gym.errors import RendererError
from vla_gym_calvin.rendering.base import GL_FIX, Owner
from vla_gym_calvin.rendering.gl import shaders
from vla_gym_calvin.rendering.gl.devices import pick_device
from vla_gym_calvin.rendering.gl.meshes import Mesh
from vla_gym_calvin.rendering.gl.textures import load_texture

_TEXTURE_2D, _RENDERBUFFER = 0x0DE1, 0x8D41
_DEPTH_COMPONENT, _DEPTH16, _UNSIGNED_SHORT = 0x1902, 0x81A5, 0x1403

_shared: dict[tuple[Owner, int | None], GlContext] = {}
_lock = threading.Lock()


class GpuMesh:
    """A mesh in graphics memory, ready for every program."""

    def __init__(self, context: GlContext, mesh: Mesh) -> None:
        ctx = context.gl
        vertices = ctx.buffer(mesh.vertices.tobytes())
        indices = ctx.buffer(mesh.triangles.tobytes())
        whole = (vertices, "3f 3f 2f", "position", "normal", "uv")
        self.center, self.radius = mesh.sphere()
        self.faceted = mesh.faceted
        self._arrays = {
            name: ctx.vertex_array(context.programs[name], [whole], indices)
            for name in ("direct", "moving", "keep")
        }
        place = (vertices, "3f 20x", "position")
        for name in ("shadow", "segment"):
            self._arrays[name] = ctx.vertex_array(context.programs[name], [place], indices)

    def draw(self, program: str) -> None:
        """Draw with the named program; its uniforms must be set."""
        self._arrays[program].render()


class GlContext:
    """A context, its programs, and the meshes and textures uploaded so far.

    Args:
        device: Index of the card as CUDA counts them (of the EGL device where there is no CUDA);
            ``None`` for the first card, or the CPU where there is none.

    Raises:
        RendererError: When no context can be made, or in a forked child of a process that has
            drawn; says what to do.
    """

    def __init__(self, device: int | None = None) -> None:
        claim("OpenGL")
        self.owner = Owner.current()
        self.users = 0
        self.device = pick_device(device)
        settings: dict[str, Any] = {
            "backend": "egl",
            "device_index": self.device.index,
            "libgl": "libGL.so.1",
            "libegl": "libEGL.so.1",
        }
        try:
            self.gl: Any = moderngl.create_context(standalone=True, **settings)
        except Exception as error:  # moderngl raises plain Exception
            raise RendererError(f"renderer='gl': no OpenGL context ({error}). {GL_FIX}") from error
        self.closed = False
        self.gl.gc_mode = "context_gc"  # objects of closed stages wait for ``release``
        with self:
            info = self.gl.info  # empty where the context is not the current one
            self.driver = " / ".join(info[f"GL_{k}"] for k in ("VENDOR", "RENDERER", "VERSION"))
            self.programs = {
                name.lower(): self.gl.program(*getattr(shaders, name))
                for name in ("SHADOW", "SEGMENT", "DIRECT", "MOVING", "KEEP", "REPLAY")
            }
        self._meshes: dict[str, GpuMesh] = {}
        self._textures: dict[Path | None, moderngl.Texture] = {}

    def __enter__(self) -> GlContext:
        self.owner.check("gl")
        if self.closed:
            raise RendererError("renderer='gl': its OpenGL context is gone; make a new renderer.")
        self.gl.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gl.__exit__(kind, error, trace)

    def check(self) -> None:
        """Raise, and let the next renderer have a new context, when GL reports an error."""
        error = self.gl.error
        if error != "GL_NO_ERROR":
            forget(self)
            raise RendererError(
                f"renderer='gl': OpenGL reports {error} on {self.driver}. The context may be "
                "lost (driver reset, out of graphics memory); make a new renderer."
            )

    def mesh(self, mesh: Mesh) -> GpuMesh:
        """Return the mesh in graphics memory, uploaded once."""
        key = mesh.digest
        if key not in self._meshes:
            self._meshes[key] = GpuMesh(self, mesh)
        return self._meshes[key]

    def texture(self, path: Path | None) -> moderngl.Texture:
        """Return an image with mipmaps, or plain white for ``None``; uploaded once."""
        if path not in self._textures:
            white = np.full((1, 1, 3), 255, np.uint8)
            pixels = white if path is None else load_texture(path)
            size = (pixels.shape[1], pixels.shape[0])
            texture = self.gl.texture(size, 3, pixels.tobytes(), alignment=1)
            texture.build_mipmaps()
            texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            texture.repeat_x = texture.repeat_y = True
            self._textures[path] = texture
        return self._textures[path]

    def depth_texture_16(self, size: tuple[int, int]) -> moderngl.Texture:
        """Return a 16-bit depth texture, ``(width, height)``, read as it is, without filter."""
        texture: moderngl.Texture = self.gl.depth_texture(size)
        raw = self._raw
        raw.glBindTexture(_TEXTURE_2D, texture.glo)
        raw.glTexImage2D(
            *(_TEXTURE_2D, 0, _DEPTH16, *size, 0, _DEPTH_COMPONENT, _UNSIGNED_SHORT, None)
        )
        texture.compare_func = ""
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        texture.repeat_x = texture.repeat_y = False
        return texture

    def depth_buffer_16(self, size: tuple[int, int]) -> moderngl.Renderbuffer:
        """Return a 16-bit depth buffer, ``(width, height)``."""
        buffer: moderngl.Renderbuffer = self.gl.depth_renderbuffer(size)
        self._raw.glBindRenderbuffer(_RENDERBUFFER, buffer.glo)
        self._raw.glRenderbufferStorage(_RENDERBUFFER, _DEPTH16, *size)
        return buffer

    @cached_property
    def _raw(self) -> Any:
        return _RawGl()

    def close(self) -> None:
        """Free everything; elsewhere than in its own thread that would hang."""
        if not self.closed and self.owner == Owner.current():
            self.closed = True
            self._meshes.clear()
            self._textures.clear()
            self.gl.release()


class _RawGl:
    """The four GL functions that moderngl has no words for."""

    def __init__(self) -> None:
        egl = ctypes.CDLL("libEGL.so.1")
        egl.eglGetProcAddress.restype = ctypes.c_void_p
        egl.eglGetProcAddress.argtypes = [ctypes.c_char_p]
        number: Any = ctypes.c_uint
        pointer: Any = ctypes.c_void_p
        for name, arguments in {
            "glBindTexture": [number, number],
            "glTexImage2D": [number] * 8 + [pointer],
            "glBindRenderbuffer": [number, number],
            "glRenderbufferStorage": [number] * 4,
        }.items():
            address = egl.eglGetProcAddress(name.encode())
            setattr(self, name, ctypes.CFUNCTYPE(None, *arguments)(address))


def acquire(device: int | None = None) -> GlContext:
    """Return this thread's context of a device; ``release`` it once for every ``acquire``."""
    key = (Owner.current(), device)
    with _lock:
        context = _shared.get(key)
    if context is None or context.closed:
        context = GlContext(device)
        with _lock:
            _shared[key] = context
    context.users += 1
    return context


def release(context: GlContext) -> None:
    """Give a context back.

    Without users the main thread's stays, with its programs, meshes and textures, for the next
    renderer; another thread's is freed, because it cannot be once that thread has ended.
    """
    context.users -= 1
    if context.owner != Owner.current() or context.closed:
        return
    if context.users <= 0 and threading.current_thread() is not threading.main_thread():
        forget(context)
        context.close()
    else:
        with context:
            context.gl.gc()


def forget(context: GlContext) -> None:
    """Let the next ``acquire`` make a new context, for example after this one was lost."""
    with _lock:
        for key in [key for key, value in _shared.items() if value is context]:
            del _shared[key]
