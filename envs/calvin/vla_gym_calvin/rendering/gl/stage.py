"""Bodies in a GL context, and pictures of them.

A picture is: one shadow pass for all cameras, then per camera the instances, farthest first, since
pybullet's 16-bit depth makes ties common and the instance drawn first keeps its pixels.

What is kept between pictures, and what is left out of them:

- The shadow map is the part of pybullet's 4096 x 4096 map in which anything can cast a shadow.
- Objects outside a camera's view are not drawn.
- Where a camera never moves, what cannot move is drawn from a stored layer (see ``shaders``); ties
  with moving things are decided by the drawing order as before (a handful of pixels differ, where
  two drivers' roundings of depth would).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import moderngl
import numpy as np
import numpy.typing as npt

from vla_gym_calvin.rendering.base import Frame
from vla_gym_calvin.rendering.cameras import View
from vla_gym_calvin.rendering.gl import shaders
from vla_gym_calvin.rendering.gl.context import GlContext, GpuMesh
from vla_gym_calvin.rendering.gl.light import Light
from vla_gym_calvin.rendering.gl.meshes import light_caster, welded
from vla_gym_calvin.rendering.gl.targets import Layer, Segments, Target
from vla_gym_calvin.rendering.gl.urdf import Body, Color, Visual

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
Size = tuple[int, int]

_MAX_LAYERS = 8


@dataclass(frozen=True)
class Actor:
    """A body on the stage.

    Attributes:
        body: What it looks like.
        fixed: Whether its base never moves; its links may.
        changing: Links whose colour may change.
    """

    body: Body
    fixed: bool = False
    changing: frozenset[int] = frozenset()


@dataclass(frozen=True)
class _Instance:
    """One visual. ``frame`` is its row in the stacked frames of all bodies."""

    frame: int
    mesh: GpuMesh
    texture: moderngl.Texture
    color: Color
    still: bool
    segment: int


class Stage:
    """Draws bodies from the frames of their links.

    Args:
        context: Where to draw; shared with other stages.
        actors: Bodies in the order they were loaded into pybullet, which is their id.
        keep: Whether to store what does not move, for cameras that never move.
        fast: Whether heavy meshes cast the shadow of a simplified copy, and normals of flat faces
            come from their corners.
        ids: Numbers of the bodies in the segmentation; by default their place in ``actors``.
    """

    def __init__(
        self,
        context: GlContext,
        actors: Sequence[Actor],
        *,
        keep: bool = True,
        fast: bool = False,
        ids: Sequence[int] | None = None,
    ) -> None:
        self._context = context
        self._targets: dict[Size, Target] = {}
        self._segments: dict[Size, Segments] = {}
        self._layers: dict[tuple[object, Size], Layer] = {}
        with context:
            self._light = Light(context)
            self._instances: list[_Instance] = []
            self._casters: list[_Instance] = []
            first = 0
            for number, actor in zip(ids or range(len(actors)), actors, strict=True):
                seen = casting = list(_visuals(actor.body))
                if fast:
                    casting = [(i, replace(v, mesh=light_caster(v.mesh))) for i, v in seen]
                    seen = [(i, replace(v, mesh=welded(v.mesh))) for i, v in seen]
                self._instances += self._placed(actor, seen, number, first)
                self._casters += self._placed(actor, casting, number, first)
                first += 1 + len(actor.body.links)
        self._frames = np.array([i.frame for i in self._instances])
        meshes = [i.mesh for i in self._instances]
        self._spheres = np.array([[*mesh.center, mesh.radius] for mesh in meshes], np.float64)
        self._keep = keep and len(self._instances) < shaders.RANK_LIMIT

    def _placed(
        self, actor: Actor, visuals: Sequence[tuple[int, Visual]], number: int, first: int
    ) -> list[_Instance]:
        still = [actor.fixed]
        for link in actor.body.links:
            still.append(still[link.parent + 1] and link.kind == "fixed")
        return [
            _Instance(
                frame=first + 1 + index,
                mesh=self._context.mesh(visual.mesh),
                texture=self._context.texture(visual.texture),
                color=visual.color,
                still=still[index + 1] and index not in actor.changing,
                segment=number + ((index + 1) << 24),
            )
            for index, visual in visuals
        ]

    def paint(self, segment: int, color: Color) -> None:
        """Give all visuals of a link a colour; ``segment`` is ``body + (link + 1 << 24)``."""
        self._instances = [
            replace(i, color=color) if i.segment == segment else i for i in self._instances
        ]

    def pictures(
        self,
        frames: F64,
        views: Mapping[str, tuple[View, Size]],
        *,
        unmoving: Collection[str] = (),
        depth: bool = False,
        segmentation: bool = False,
    ) -> dict[str, Frame]:
        """Return a picture per view.

        Args:
            frames: Centre-of-mass frames of every base and link, bodies in order, ``(k, 4, 4)``.
            views: Camera and (height, width).
            unmoving: The cameras that never move; what is kept of them does not depend on the
                pictures taken before, so neither does a picture.
            depth: Whether to read depth, in metres, too.
            segmentation: Whether to draw which link is seen, too.
        """
        with self._context:
            models = np.ascontiguousarray(frames.transpose(0, 2, 1), np.float32)
            self._light.draw((i.mesh, models[i.frame]) for i in self._casters)
            out = {
                name: self._picture(
                    _Shot(view, size, frames[self._frames], self._spheres),
                    models,
                    unmoving=name in unmoving,
                    depth=depth,
                    segmentation=segmentation,
                )
                for name, (view, size) in views.items()
            }
            self._context.check()
            return out

    def _picture(
        self, shot: _Shot, models: F32, *, unmoving: bool, depth: bool, segmentation: bool
    ) -> Frame:
        target = self._target(shot.size)
        kept = self._keep and unmoving
        if kept:
            layer = self._layer(shot, models)
            ranks = np.zeros(shaders.RANK_LIMIT, np.int32)
            ranks[shot.order] = np.arange(len(shot.order))
            target.replay(layer, self._light, ranks)
            moving = [i for i in shot.visible if not self._instances[i].still]
            self._draw("moving", moving, shot, models, ranks=ranks)
        else:
            target.begin()
            self._draw("direct", shot.visible, shot, models)
        frame = target.read(shot.view, depth=depth, ranked=kept)
        if segmentation:
            frame = replace(frame, segmentation=self._segmentation(shot, models))
        return frame

    def _layer(self, shot: _Shot, models: F32) -> Layer:
        """Return what is kept of a view, drawn at its first use."""
        key = ((shot.view.view, shot.view.projection), shot.size)
        if key not in self._layers:
            while len(self._layers) >= _MAX_LAYERS:
                self._layers.pop(next(iter(self._layers)))
            layer = Layer(self._context, shot.size)
            still = [i for i in shot.visible if self._instances[i].still]
            layer.begin()
            self._draw("keep", still, shot, models)
            self._layers[key] = layer
        return self._layers[key]

    def _segmentation(self, shot: _Shot, models: F32) -> npt.NDArray[np.int32]:
        if shot.size not in self._segments:
            self._segments[shot.size] = Segments(self._context, shot.size)
        target = self._segments[shot.size]
        target.begin()
        program = self._context.programs["segment"]
        program["view_projection"].write(shot.matrix)  # type: ignore[union-attr]
        for index in shot.visible:
            instance = self._instances[index]
            program["model"].write(models[instance.frame])  # type: ignore[union-attr]
            program["segment"].value = instance.segment  # type: ignore[union-attr]
            instance.mesh.draw("segment")
        return target.read()

    def _draw(
        self,
        name: str,
        chosen: Sequence[int],
        shot: _Shot,
        models: F32,
        *,
        ranks: npt.NDArray[np.int32] | None = None,
    ) -> None:
        program = self._context.programs[name]
        program["view_projection"].write(shot.matrix)  # type: ignore[union-attr]
        self._light.configure(program)
        model, color, faceted = (program[name] for name in ("model", "color", "faceted"))
        for index in chosen:
            instance = self._instances[index]
            model.write(models[instance.frame])  # type: ignore[union-attr]
            color.value = instance.color  # type: ignore[union-attr]
            faceted.value = instance.mesh.faceted  # type: ignore[union-attr]
            if ranks is not None:
                program["rank"].value = int(ranks[index])  # type: ignore[union-attr]
            elif name == "keep":
                program["instance"].value = index  # type: ignore[union-attr]
            instance.texture.use(0)
            instance.mesh.draw(name)

    def _target(self, size: Size) -> Target:
        if size not in self._targets:
            self._targets[size] = Target(self._context, size)
        return self._targets[size]


def _visuals(body: Body) -> Iterator[tuple[int, Visual]]:
    """Yield every visual with the index of its link."""
    for index, link in enumerate([body.base, *body.links], start=-1):
        for visual in link.visuals:
            yield index, visual


class _Shot:
    """What one camera sees: instances in drawing order, farthest first, outsiders left out."""

    def __init__(
        self,
        view: View,
        size: Size,
        places: F64,
        spheres: F64,
    ) -> None:
        self.view, self.size = view, size
        look = np.array(view.view).reshape(4, 4).T
        lens = np.array(view.projection).reshape(4, 4).T
        self.matrix = np.ascontiguousarray(
            (lens.astype(np.float32) @ look.astype(np.float32)).T, np.float32
        )
        distance = -(places[:, :3, 3] @ look[2, :3] + look[2, 3])
        self.order = np.argsort(-distance, kind="stable")
        inside = _inside(lens @ look, places, spheres)
        self.visible = [int(i) for i in self.order if inside[i]]


def _inside(clip: F64, places: F64, spheres: F64) -> npt.NDArray[np.bool_]:
    """Return which bounding spheres ``(n, 4)`` touch the inside of the view's six planes."""
    centers = np.einsum("nij,nj->ni", places[:, :3, :3], spheres[:, :3]) + places[:, :3, 3]
    planes = np.concatenate([clip[3] + clip[:3], clip[3] - clip[:3]])
    reach = np.linalg.norm(planes[:, :3], axis=1)
    depth = centers @ planes[:, :3].T + planes[:, 3]
    return np.asarray((depth >= -spheres[:, 3:] * reach).all(axis=1))
