"""The light and its shadow map.

pybullet's map is orthographic, 4096 x 4096 over 20 m; a scene fills a small part. Only a window of
texels is drawn, through a viewport that puts them where they lie in the whole map, so that every
texel is the one of the whole map.
"""

from __future__ import annotations

from collections.abc import Iterable

import moderngl
import numpy as np
import numpy.typing as npt

from vla_gym_calvin.rendering.gl import shaders
from vla_gym_calvin.rendering.gl.context import GlContext, GpuMesh

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]

WINDOW = 640  # texels: 3.1 m, table and the arm in any pose
WINDOW_CENTER = (-0.2, -0.3, 0.45)  # m, world
_SHADOW_UNIT = 1


class Light:
    """The one light of a stage."""

    def __init__(self, context: GlContext, *, size: int = WINDOW) -> None:
        self._context = context
        self._size = size
        view, lens = light_view(), light_lens()
        self.matrix = lens.astype(np.float32) @ view.astype(np.float32)
        bias = np.diag([0.5, 0.5, 0.5, 1.0]).astype(np.float32)
        bias[:3, 3] = 0.5
        self._biased = bias @ self.matrix
        self._map = context.depth_texture_16((size, size))
        self._map.compare_func = "<="  # sampling compares, and blends four comparisons
        self._map.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._buffer = context.gl.framebuffer(depth_attachment=self._map)
        self._corner = window_corner(size)

    def draw(self, casters: Iterable[tuple[GpuMesh, F32]]) -> None:
        """Draw the shadow map: the backs of all casters."""
        gl = self._context.gl
        self._buffer.use()
        self._buffer.viewport = (
            -self._corner[0],
            -self._corner[1],
            shaders.SHADOW_MAP_SIZE,
            shaders.SHADOW_MAP_SIZE,
        )
        gl.clear(depth=1.0)
        gl.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        gl.depth_func = "<"
        gl.cull_face = "front"
        program = self._context.programs["shadow"]
        program["view_projection"].write(np.ascontiguousarray(self.matrix.T))  # type: ignore[union-attr]
        model = program["model"]
        for mesh, place in casters:
            model.write(place)  # type: ignore[union-attr]
            mesh.draw("shadow")
        gl.cull_face = "back"

    def configure(self, program: moderngl.Program) -> None:
        """Set those of a program's uniforms that concern the light."""
        scale = shaders.SHADOW_MAP_SIZE / self._size
        values: dict[str, object] = {
            "image": 0,
            "shadow_map": _SHADOW_UNIT,
            "shadow_window": (scale, scale, *(-c / self._size for c in self._corner)),
            "light_position": shaders.LIGHT_POSITION,
            "specular_eye": shaders.SPECULAR_EYE,
        }
        for name, value in values.items():
            if name in program:
                program[name].value = value  # type: ignore[union-attr]
        if "shadow_matrix" in program:
            program["shadow_matrix"].write(np.ascontiguousarray(self._biased.T))  # type: ignore[union-attr]
        self._map.use(_SHADOW_UNIT)


def light_view() -> F64:
    """Return the light's view matrix, ``(4, 4)``: from its position to the origin."""
    position = np.array(shaders.LIGHT_POSITION)
    normal = position / np.linalg.norm(position)
    up = np.array([0.0, -normal[2], normal[1]])
    side = np.cross(-normal, up / np.linalg.norm(up))
    side /= np.linalg.norm(side)
    view = np.eye(4)
    view[:3, :3] = side, np.cross(side, -normal), normal
    view[:3, 3] = -view[:3, :3] @ position
    return view


def light_lens() -> F64:
    """Return the light's orthographic projection, ``(4, 4)``."""
    near, far, extent = shaders.SHADOW_NEAR, shaders.SHADOW_FAR, shaders.SHADOW_EXTENT
    lens = np.diag([1 / extent, 1 / extent, -2 / (far - near), 1.0])
    lens[2, 3] = -(far + near) / (far - near)
    return lens


def window_corner(size: int) -> tuple[int, int]:
    """Return the texel of the whole map at which the window of ``size`` begins."""
    clip = light_lens() @ light_view() @ np.array([*WINDOW_CENTER, 1.0])
    x, y = ((0.5 * clip[:2] + 0.5) * shaders.SHADOW_MAP_SIZE - size / 2).round().astype(int)
    return int(x), int(y)
