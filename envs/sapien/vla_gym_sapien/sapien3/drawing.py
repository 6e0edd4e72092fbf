"""Pictures of a scene: what is drawn of bodies and links, light, cameras, labels.

Built when the first picture is taken. SAPIEN 2's pictures, which the published numbers were made
with, are met by two corrections: emissive textures of files that leave the emissive factor out
count fully, and colours are cut (not rounded) to bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import sapien
from sapien.render import (
    RenderBodyComponent,
    RenderCameraComponent,
    RenderDirectionalLightComponent,
    RenderMaterial,
    RenderShape,
    RenderShapeBox,
    RenderShapeCylinder,
    RenderShapeSphere,
    RenderShapeTriangleMesh,
    RenderSystem,
    RenderTexture2D,
)
from sapien.wrapper.actor_builder import ActorBuilder, preprocess_mesh_file

from vla_gym.env.graphics import claim
from vla_gym.errors import AssetError
from vla_gym_sapien.interface import BodyModel, CameraModel, Lighting, Look, Picture, Shape
from vla_gym_sapien.rendering import SHADERS, announce_compilation, require_device
from vla_gym_sapien.sapien3.articulations import Sapien3Articulation, visual_records
from vla_gym_sapien.sapien3.bodies import Sapien3Body
from vla_gym_sapien.sapien3.conversion import to_sapien

_SHINY = (0.9, 0.3)  # specular and roughness that the official environments give robots
_SHADOW_MAP = 2048
_default_shader = threading.Lock()
"""A camera takes the shader pack that is the default of the process when it is made."""


class Drawing:
    """The render side of one scene."""

    def __init__(
        self,
        scene: sapien.Scene,
        bodies: Sequence[tuple[BodyModel, Sapien3Body]],
        articulations: Mapping[str, Sapien3Articulation],
        lighting: Lighting,
        shader: str,
    ) -> None:
        claim("Vulkan")
        require_device()
        keep_renderer(shader)
        self._scene, self._shader, self._articulations = scene, shader, articulations
        self._system = RenderSystem()
        scene.add_system(self._system)
        self._names: dict[int, str] = {}
        for model, body in bodies:
            self._add_body(model, body)
        for name, articulation in articulations.items():
            self._add_articulation(name, articulation)
        self._light(lighting)
        self._cameras: dict[tuple[str, CameraModel, tuple[int, int]], RenderCameraComponent] = {}

    def picture(
        self, articulation: str, camera: CameraModel, size: tuple[int, int], *, labels: bool
    ) -> Picture:
        """Take a picture."""
        component = self._camera(articulation, camera, size)
        self._scene.update_render()
        component.take_picture()
        color = component.get_picture("Color")
        rgb = np.clip(color[..., :3] * 255, 0, 255).astype(np.uint8)
        ids = component.get_picture("Segmentation")[..., 1] if labels else None
        return Picture(rgb, ids, self._names)

    def _camera(
        self, articulation: str, model: CameraModel, size: tuple[int, int]
    ) -> RenderCameraComponent:
        key = (articulation, model, size)
        if key not in self._cameras:
            height, width = size
            camera = _new_camera(self._shader, width, height)
            x, y = width / model.width, height / model.height
            camera.set_perspective_parameters(
                model.near, model.far, model.fx * x, model.fy * y, model.cx * x, model.cy * y, 0.0
            )
            camera.local_pose = to_sapien(model.pose)
            self._articulations[articulation].entity(model.link).add_component(camera)
            self._cameras[key] = camera
        return self._cameras[key]

    def _add_body(self, model: BodyModel, body: Sapien3Body) -> None:
        component = RenderBodyComponent()
        for visual in model.visuals:
            shape = _shape(visual)
            shape.local_pose = to_sapien(visual.pose)
            component.attach(shape)
            for material in _materials(shape):
                _repair(material)
                if model.matte:
                    material.roughness, material.metallic, material.specular = 1.0, 0.0, 0.0
        self._show(body.entity, component, model.name)

    def _add_articulation(self, name: str, articulation: Sapien3Articulation) -> None:
        for link, records in visual_records(self._scene, articulation.model).items():
            if records:
                builder = ActorBuilder()
                builder.visual_records = records
                component = builder.build_render_component()
                for shape in component.render_shapes:
                    for material in _materials(shape):
                        _repair(material)
                        if articulation.model.shiny:
                            material.specular, material.roughness = _SHINY
                self._show(articulation.entity(link), component, f"{name}/{link}")

    def _show(self, entity: sapien.Entity, component: RenderBodyComponent, name: str) -> None:
        entity.add_component(component)
        self._names[entity.per_scene_id] = name

    def _light(self, lighting: Lighting) -> None:
        self._system.ambient_light = list(lighting.ambient)
        for light in lighting.lights:
            entity, component = sapien.Entity(), RenderDirectionalLightComponent()
            component.color = list(light.color)
            component.shadow = light.shadow
            component.shadow_near, component.shadow_far = -10.0, 10.0
            component.shadow_half_size, component.shadow_map_size = 5.0, _SHADOW_MAP
            entity.add_component(component)
            component.pose = sapien.Pose(
                [0, 0, 0], sapien.math.shortest_rotation([1, 0, 0], list(light.direction))
            )
            self._scene.add_entity(entity)


@lru_cache(maxsize=len(SHADERS))
def keep_renderer(shader: str) -> tuple[Any, ...]:
    """Compile a shader pack, and keep for the life of the process what SAPIEN would drop.

    SAPIEN forgets compiled shaders when the last render system goes; an environment would then pay
    for them at every reset.
    """
    scene, mount = sapien.Scene([RenderSystem()]), sapien.Entity()
    camera = _new_camera(shader, 16, 16)
    mount.add_component(camera)
    scene.add_entity(mount)
    with announce_compilation(shader):
        scene.update_render()
        camera.take_picture()
        camera.get_picture("Color")
    return scene, mount, camera


def _new_camera(shader: str, width: int, height: int) -> RenderCameraComponent:
    with _default_shader:
        sapien.render.set_camera_shader_dir(shader)
        return RenderCameraComponent(width, height)


def _shape(visual: Shape) -> RenderShape:
    if visual.file is not None:
        if not visual.file.is_file():
            raise AssetError(
                f"{visual.file}: the visual mesh is missing. "
                "Fix: `vla-gym assets fetch simpler`, or use assets='builtin'."
            )
        material = None if visual.look is None else _material(visual.look)
        return RenderShapeTriangleMesh(
            preprocess_mesh_file(str(visual.file)), [visual.scale] * 3, material
        )
    material = _material(visual.look or Look())
    if visual.kind == "box":
        return RenderShapeBox(list(visual.size), material)
    if visual.kind == "cylinder":
        return RenderShapeCylinder(visual.size[0], visual.size[1], material)
    if visual.kind == "sphere":
        return RenderShapeSphere(visual.size[0], material)
    raise ValueError(f"shape kind {visual.kind!r} cannot be drawn without a file")


def _material(look: Look) -> RenderMaterial:
    material = RenderMaterial(base_color=[*look.color, 1.0])
    material.roughness, material.metallic = look.roughness, look.metallic
    material.specular = look.specular
    if look.texture is not None:
        material.base_color_texture = _texture(look.texture)
        material.base_color = [1.0, 1.0, 1.0, 1.0]
    return material


@lru_cache(maxsize=64)
def _texture(file: Path) -> RenderTexture2D:
    return RenderTexture2D(str(file))


def _materials(shape: RenderShape) -> Iterator[Any]:
    if isinstance(shape, RenderShapeTriangleMesh):
        for part in shape.parts:
            yield part.material
    else:
        yield shape.material


def _repair(material: RenderMaterial) -> None:
    """Let an emissive texture glow when its file leaves the emissive factor out."""
    if material.emission_texture is not None and not any(material.emission[:3]):
        material.emission = [1.0, 1.0, 1.0, 1.0]
