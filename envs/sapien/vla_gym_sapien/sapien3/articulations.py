"""Articulations from URDF files, with the joint order that vectors are promised in."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import sapien
from sapien.wrapper.articulation_builder import ArticulationBuilder
from sapien.wrapper.urdf_loader import URDFLoader

from vla_gym.errors import AssetError
from vla_gym_sapien.interface import Drive, RobotModel
from vla_gym_sapien.poses import F64, Pose
from vla_gym_sapien.sapien3.conversion import from_sapien, to_sapien

# The official controllers' settings of SAPIEN's closed-loop inverse kinematics.
_IK = {"eps": 1e-4, "max_iterations": 100, "dt": 0.1, "damp": 1e-6}


class Sapien3Articulation:
    """A robot (or a cabinet) in a SAPIEN 3 scene."""

    def __init__(self, model: RobotModel, articulation: sapien.physx.PhysxArticulation) -> None:
        self.name, self.model = model.name, model
        self.physx = articulation
        engine = [joint.name for joint in articulation.active_joints]
        self._joints = model.joints or tuple(engine)
        if sorted(self._joints) != sorted(engine):
            raise AssetError(f"{model.urdf} has the joints {engine}, expected {self._joints}.")
        self._to_engine = np.array([engine.index(name) for name in self._joints])
        self._active = [articulation.active_joints[i] for i in self._to_engine]
        self._links = {link.name: link for link in articulation.links}
        self._indices = {link.name: i for i, link in enumerate(articulation.links)}
        self._pinocchio: Any = None
        self._targets = np.zeros(len(engine))
        self._velocity_targets = np.zeros(len(engine))

    @property
    def joints(self) -> tuple[str, ...]:
        """Names of the moving joints, in the order of all vectors."""
        return self._joints

    @property
    def limits(self) -> F64:
        """Joint limits ``(n, 2)``."""
        return self._ordered(self.physx.qlimits)

    @property
    def links(self) -> tuple[str, ...]:
        """Names of the links."""
        return tuple(self._links)

    @property
    def base(self) -> Pose:
        """World pose of the root link."""
        return from_sapien(self.physx.root_pose)

    @base.setter
    def base(self, value: Pose) -> None:
        self.physx.set_root_pose(to_sapien(value))

    @property
    def qpos(self) -> F64:
        """Joint positions."""
        return self._ordered(self.physx.qpos)

    @qpos.setter
    def qpos(self, value: F64) -> None:
        self.physx.set_qpos(self._in_engine_order(value))

    @property
    def qvel(self) -> F64:
        """Joint velocities."""
        return self._ordered(self.physx.qvel)

    @qvel.setter
    def qvel(self, value: F64) -> None:
        self.physx.set_qvel(self._in_engine_order(value))

    @property
    def targets(self) -> F64:
        """Drive targets."""
        return self._targets.copy()

    def set_drives(self, drives: Mapping[str, Drive]) -> None:
        """Set the drives of joints by name."""
        for name, joint in zip(self._joints, self._active, strict=True):
            if name in drives:
                drive = drives[name]
                joint.set_drive_properties(
                    drive.stiffness, drive.damping, force_limit=drive.force_limit, mode="force"
                )

    def set_targets(
        self, indices: Sequence[int], positions: F64, velocities: F64 | None = None
    ) -> None:
        """Set drive targets of some joints (by their place in ``joints``).

        What a joint has already is not set again: a path that has ended costs nothing.
        """
        for index, target in zip(indices, _float32(positions), strict=True):
            if target != self._targets[index]:
                self._active[index].set_drive_target(target)
                self._targets[index] = target
        for index, speed in zip(indices, _float32(velocities), strict=False):
            if speed != self._velocity_targets[index]:
                self._active[index].set_drive_velocity_target(speed)
                self._velocity_targets[index] = speed

    def link_pose(self, name: str) -> Pose:
        """Return the world pose of a link."""
        return from_sapien(self._links[name].entity.pose)

    def entity(self, link: str) -> sapien.Entity:
        """Return SAPIEN's entity of a link."""
        return self._links[link].entity

    def compensate(self) -> None:
        """Hold the links against gravity and Coriolis forces in the next step."""
        self.physx.set_qf(self.physx.compute_passive_force())

    def forward(self, link: str, qpos: F64) -> Pose:
        """Return the pose of a link in the base frame for joint positions."""
        model = self._model()
        model.compute_forward_kinematics(self._in_engine_order(qpos).astype(np.float64))
        return from_sapien(model.get_link_pose(self._indices[link]))

    def inverse(
        self, link: str, pose: Pose, *, start: F64, active: npt.NDArray[np.bool_]
    ) -> F64 | None:
        """Return joint positions that bring a link to a pose in the base frame, or ``None``."""
        mask = np.zeros(len(self._joints), dtype=np.int32)
        mask[self._to_engine] = active
        found, success, _ = self._model().compute_inverse_kinematics(
            self._indices[link],
            to_sapien(pose),
            initial_qpos=self._in_engine_order(start).astype(np.float64),
            active_qmask=mask,
            **_IK,
        )
        return self._ordered(found) if success else None

    def _model(self) -> Any:
        if self._pinocchio is None:
            self._pinocchio = self.physx.create_pinocchio_model()
        return self._pinocchio

    def _ordered(self, values: npt.ArrayLike) -> F64:
        """Return values of the engine's joints in our order."""
        ordered: F64 = np.asarray(values, dtype=np.float64)[self._to_engine]
        return ordered

    def _in_engine_order(self, values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        ordered = np.empty(len(self._joints), dtype=np.float32)
        ordered[self._to_engine] = values
        return ordered


def build_articulation(scene: sapien.Scene, model: RobotModel, base: Pose) -> Sapien3Articulation:
    """Load a URDF file into a scene, without anything that is drawn."""
    if not model.urdf.is_file():
        raise AssetError(
            f"{model.urdf}: the robot description is missing. "
            "Fix: `vla-gym assets fetch simpler`, or use assets='builtin'."
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / model.urdf.name
        file.write_text(_undrawn(model.urdf))
        builder = _parse(scene, model, file)
    builder.mimic_joint_records = []
    builder.initial_pose = to_sapien(base)
    for link in builder.link_builders:
        if link.name in model.collision_groups:
            link.collision_groups = [1, 1, model.collision_groups[link.name], 0]
    articulation = builder.build(fix_root_link=True, build_mimic_joints=False)
    articulation.name = model.name
    for joint in articulation.active_joints:
        joint.set_friction(model.friction)
    return Sapien3Articulation(model, articulation)


def visual_records(scene: sapien.Scene, model: RobotModel) -> Mapping[str, list[Any]]:
    """Return what is drawn of each link: records of SAPIEN's builder, by link name."""
    links = _parse(scene, model, model.urdf).link_builders
    return {link.name: link.visual_records for link in links}


def _float32(values: F64 | None) -> list[float]:
    """Return numbers as the engine rounds them; none for ``None``."""
    return [] if values is None else np.asarray(values, dtype=np.float32).tolist()


def _undrawn(urdf: Path) -> str:
    """Return a description without visuals: SAPIEN's loader needs a Vulkan device for them."""
    robot = ElementTree.parse(urdf).getroot()
    for link in robot.iter("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
    for mesh in robot.iter("mesh"):
        mesh.set("filename", str(urdf.parent / mesh.get("filename", "")))
    return ElementTree.tostring(robot, encoding="unicode")


def _parse(scene: sapien.Scene, model: RobotModel, urdf: Path) -> ArticulationBuilder:
    loader = URDFLoader().set_scene(scene)
    for name, surface in model.surfaces.items():
        loader.set_link_material(name, surface.friction, surface.sliding, 0.0)
        loader.set_link_patch_radius(name, surface.patch_radius)
        loader.set_link_min_patch_radius(name, surface.min_patch_radius)
    builders, _, _ = loader.parse(str(urdf), srdf_file=str(model.urdf.with_suffix(".srdf")))
    return builders[0]
