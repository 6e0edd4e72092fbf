"""Rigid bodies: collision shapes from primitives and mesh files.

Two repairs against SAPIEN 2, in whose physics the published numbers were made: mesh files whose
parts SAPIEN 3 loads as a single hull are split here (``"hulls"``), and every hull is made from its
vertices only once a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import sapien
from sapien.physx import (
    PhysxCollisionShape,
    PhysxCollisionShapeBox,
    PhysxCollisionShapeConvexMesh,
    PhysxCollisionShapeCylinder,
    PhysxCollisionShapeSphere,
    PhysxCollisionShapeTriangleMesh,
    PhysxMaterial,
    PhysxRigidDynamicComponent,
    PhysxRigidStaticComponent,
)

from vla_gym.errors import AssetError
from vla_gym_sapien.interface import BodyModel, Shape, Surface
from vla_gym_sapien.poses import F64, Pose
from vla_gym_sapien.sapien3.conversion import from_sapien, to_sapien

Component: TypeAlias = PhysxRigidDynamicComponent | PhysxRigidStaticComponent


class Sapien3Body:
    """A rigid body in a SAPIEN 3 scene."""

    def __init__(self, name: str, entity: sapien.Entity, component: Component) -> None:
        self.name, self.entity, self.component = name, entity, component

    @property
    def pose(self) -> Pose:
        """World pose."""
        return from_sapien(self.entity.pose)

    @pose.setter
    def pose(self, value: Pose) -> None:
        self.entity.set_pose(to_sapien(value))

    @property
    def centre_of_mass(self) -> Pose:
        """Pose of the centre of mass in the body's frame."""
        return from_sapien(self.component.cmass_local_pose)

    @property
    def velocity(self) -> tuple[F64, F64]:
        """Linear (m/s) and angular (rad/s) velocity."""
        return (
            np.array(self.component.linear_velocity, dtype=np.float64),
            np.array(self.component.angular_velocity, dtype=np.float64),
        )

    def move(self, linear: F64, angular: F64) -> None:
        """Set the velocity, m/s and rad/s."""
        self.component.set_linear_velocity(linear.astype(np.float32))
        self.component.set_angular_velocity(angular.astype(np.float32))

    def lock(self, axes: Sequence[bool]) -> None:
        """Lock motion along x, y, z and about x, y, z."""
        self.component.set_locked_motion_axes(list(axes))


def build_body(model: BodyModel, pose: Pose) -> Sapien3Body:
    """Return a body that is in no scene yet."""
    component: Component
    component = PhysxRigidStaticComponent() if model.static else PhysxRigidDynamicComponent()
    material = surface_material(model.surface)
    for shape in model.collisions:
        for piece in collision_shapes(shape, material):
            piece.local_pose = to_sapien(shape.pose)
            piece.set_density(model.density)
            if model.surface is not None:
                piece.set_patch_radius(model.surface.patch_radius)
                piece.set_min_patch_radius(model.surface.min_patch_radius)
            component.attach(piece)
    entity = sapien.Entity()
    entity.name = component.name = model.name
    entity.add_component(component)
    if not model.static and model.damping:
        component.set_linear_damping(model.damping)
        component.set_angular_damping(model.damping)
    entity.set_pose(to_sapien(pose))
    return Sapien3Body(model.name, entity, component)


def surface_material(surface: Surface | None) -> PhysxMaterial:
    """Return the material of a surface, the default one for ``None``."""
    if surface is None:
        return sapien.physx.get_default_material()
    return PhysxMaterial(surface.friction, surface.sliding, 0.0)


def collision_shapes(shape: Shape, material: PhysxMaterial) -> list[PhysxCollisionShape]:
    """Return the collision shapes of one piece."""
    if shape.file is not None and not shape.file.is_file():
        raise AssetError(
            f"{shape.file}: the collision mesh is missing. "
            "Fix: `vla-gym assets fetch simpler`, or use assets='builtin'."
        )
    scale = [shape.scale] * 3
    if shape.kind == "box":
        return [PhysxCollisionShapeBox(half_size=list(shape.size), material=material)]
    if shape.kind == "cylinder":
        return [PhysxCollisionShapeCylinder(shape.size[0], shape.size[1], material)]
    if shape.kind == "sphere":
        return [PhysxCollisionShapeSphere(shape.size[0], material)]
    if shape.kind == "mesh":
        return list(PhysxCollisionShapeConvexMesh.load_multiple(str(shape.file), scale, material))
    if shape.kind == "surface":
        return [PhysxCollisionShapeTriangleMesh(str(shape.file), scale, material)]
    assert shape.file is not None
    return [
        PhysxCollisionShapeConvexMesh(points, scale, material)
        for points in connected_parts(shape.file)
    ]


@lru_cache(maxsize=64)
def connected_parts(file: Path) -> tuple[npt.NDArray[np.float32], ...]:
    """Return the vertices of each connected part of a mesh file, merging equal ones first."""
    import trimesh

    graph: Any = trimesh.graph
    mesh: Any = trimesh.load(file, force="mesh", process=False)
    vertices, index = np.unique(np.round(mesh.vertices, 9), axis=0, return_inverse=True)
    faces = index.reshape(-1)[mesh.faces]
    labels = graph.connected_component_labels(
        np.concatenate([faces[:, :2], faces[:, 1:]]), node_count=len(vertices)
    )
    order = list(dict.fromkeys(labels[faces[:, 0]].tolist()))
    return tuple(vertices[labels == label].astype(np.float32) for label in order)
