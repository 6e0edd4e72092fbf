"""What is drawn into: a picture with the depth of pybullet's, and a layer that is kept."""

from __future__ import annotations

import moderngl
import numpy as np
import numpy.typing as npt

from vla_gym_calvin.rendering.base import Frame
from vla_gym_calvin.rendering.cameras import View, metric_depth
from vla_gym_calvin.rendering.gl import shaders
from vla_gym_calvin.rendering.gl.context import GlContext
from vla_gym_calvin.rendering.gl.light import Light

_KEPT = ("kept_unlit", "kept_lit", "kept_shadow", "kept_depth")
_FIRST_KEPT_UNIT = 2
_FULL_DEPTH = 2**24 - 1


class Layer:
    """What a camera that does not move sees of what does not move, (height, width)."""

    def __init__(self, context: GlContext, size: tuple[int, int]) -> None:
        self._gl = context.gl
        flipped = (size[1], size[0])
        self._textures = [self._gl.texture(flipped, 4, dtype="f4") for _ in _KEPT[:3]]
        for texture in self._textures:
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._depth = context.depth_texture_16(flipped)
        self._buffer = self._gl.framebuffer(self._textures, self._depth)

    def begin(self) -> None:
        """Make it the place where drawing goes, empty: background, nothing lit."""
        self._buffer.use()
        self._gl.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self._gl.depth_func = "<"
        self._buffer.clear(depth=1.0)
        background = np.array([*shaders.BACKGROUND[:3], 0.0], np.float32)
        width, height = self._buffer.size
        self._textures[0].write(np.tile(background, width * height).tobytes())

    def use(self, program: moderngl.Program) -> None:
        """Bind its textures for the replaying program."""
        for unit, (name, texture) in enumerate(
            zip(_KEPT, [*self._textures, self._depth], strict=True), start=_FIRST_KEPT_UNIT
        ):
            texture.use(unit)
            program[name].value = unit  # type: ignore[union-attr]


class Segments:
    """A picture of (height, width) whose pixels are numbers of links."""

    def __init__(self, context: GlContext, size: tuple[int, int]) -> None:
        self._context, self._size = context, size
        flipped = (size[1], size[0])
        self._texture = context.gl.texture(flipped, 1, dtype="i4")
        self._buffer = context.gl.framebuffer([self._texture], context.depth_buffer_16(flipped))

    def begin(self) -> None:
        """Make it the place where drawing goes, empty."""
        self._buffer.use()
        gl = self._context.gl
        gl.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        gl.depth_func = "<"
        self._buffer.clear(depth=1.0)
        self._texture.write(np.full(self._size, -1, np.int32).tobytes())

    def read(self) -> npt.NDArray[np.int32]:
        """Return the numbers, ``(height, width)``."""
        numbers = np.frombuffer(self._texture.read(), np.int32).reshape(self._size)
        return np.ascontiguousarray(numbers[::-1])


class Target:
    """A picture of (height, width)."""

    def __init__(self, context: GlContext, size: tuple[int, int]) -> None:
        self._context = context
        gl = context.gl
        self._size = size
        flipped = (size[1], size[0])
        color = gl.renderbuffer(flipped, 4)
        self._direct = gl.framebuffer([color], context.depth_buffer_16(flipped))
        self._ranked = gl.framebuffer([color], gl.depth_texture(flipped))
        corners = np.array([-1, -1, 3, -1, -1, 3], np.float32)
        self._screen = gl.vertex_array(
            context.programs["replay"], [(gl.buffer(corners.tobytes()), "2f", "corner")]
        )

    def begin(self) -> None:
        """Make it the place where drawing goes, empty."""
        self._direct.use()
        self._prepare(moderngl.DEPTH_TEST | moderngl.CULL_FACE, "<")
        self._direct.clear(*shaders.BACKGROUND, depth=1.0)

    def replay(self, layer: Layer, light: Light, ranks: npt.NDArray[np.int32]) -> None:
        """Begin with a kept layer in today's shadows, its instances ranked by drawing order."""
        self._ranked.use()
        self._prepare(moderngl.DEPTH_TEST, "1")
        program = self._context.programs["replay"]
        light.configure(program)
        layer.use(program)
        program["ranks"].write(ranks)  # type: ignore[union-attr]
        self._screen.render(moderngl.TRIANGLES)
        self._prepare(moderngl.DEPTH_TEST | moderngl.CULL_FACE, "<")

    def _prepare(self, flags: int, depth_func: str) -> None:
        self._context.gl.enable_only(flags)
        self._context.gl.depth_func = depth_func

    def read(self, view: View, *, depth: bool, ranked: bool) -> Frame:
        """Return the pixels."""
        buffer = self._ranked if ranked else self._direct
        height, width = self._size
        raw = np.frombuffer(buffer.read(components=3, alignment=1), np.uint8)
        rgb = np.ascontiguousarray(raw.reshape(height, width, 3)[::-1])
        if not depth:
            return Frame(rgb)
        raw_depth = np.frombuffer(
            buffer.read(components=1, attachment=-1, dtype="f4", alignment=1), np.float32
        )
        values = raw_depth.reshape(height, width)[::-1]
        if ranked:  # drop the drawing order from the low bits
            steps = np.floor((values.astype(np.float64) * _FULL_DEPTH + 0.5) / 256)
            values = (steps / shaders.DEPTH_STEPS).astype(np.float32)
        return Frame(rgb, metric_depth(values, view))
