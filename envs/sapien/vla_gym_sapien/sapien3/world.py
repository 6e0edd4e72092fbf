"""A SAPIEN 3 scene behind the engine interface.

Physics is built without anything to look at: pictures, and with them Vulkan, come in when the
first one is taken, so that whoever needs no picture needs no Vulkan device and pays for none.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping

import numpy as np
import sapien
from sapien import physx

from vla_gym_sapien.interface import (
    BodyModel,
    CameraModel,
    Contact,
    Lighting,
    Picture,
    RobotModel,
    Solver,
)
from vla_gym_sapien.poses import Pose
from vla_gym_sapien.sapien3.articulations import Sapien3Articulation, build_articulation
from vla_gym_sapien.sapien3.bodies import Sapien3Body, build_body
from vla_gym_sapien.sapien3.drawing import Drawing

GRAVITY = 9.81
_BOUNCE = 2.0  # m/s, contacts slower than this do not bounce (official)
_SLEEP = 0.005  # (m/s)^2, kinetic energy per mass below which bodies sleep (official)
_defaults = threading.Lock()
"""SAPIEN's settings are defaults of the whole process: one thing at a time is built with them."""


class Sapien3World:
    """A scene; see ``interface.World``.

    Args:
        solver: How physics is solved.
        shader: SAPIEN's shader pack for pictures: ``"default"``, ``"trivial"`` (unlit) ...
    """

    def __init__(self, solver: Solver, *, shader: str = "default") -> None:
        self.solver, self._shader = solver, shader
        with _settings(solver):
            self.scene = sapien.Scene([physx.PhysxCpuSystem()])
        self.scene.set_timestep(1.0 / (solver.step_hz * solver.substeps))
        self._bodies: list[tuple[BodyModel, Sapien3Body]] = []
        self._articulations: dict[str, Sapien3Articulation] = {}
        self._lighting = Lighting((0.3, 0.3, 0.3), ())
        self._drawing: Drawing | None = None

    def add_body(self, model: BodyModel, pose: Pose) -> Sapien3Body:
        """Add a rigid body."""
        with _settings(self.solver):
            body = build_body(model, pose)
        self.scene.add_entity(body.entity)
        self._bodies.append((model, body))
        return body

    def add_articulation(self, model: RobotModel, base: Pose) -> Sapien3Articulation:
        """Add a robot or a piece of furniture whose base does not move."""
        with _settings(self.solver):
            articulation = build_articulation(self.scene, model, base)
        self._articulations[model.name] = articulation
        return articulation

    def set_lighting(self, lighting: Lighting) -> None:
        """Set all light (before the first picture)."""
        self._lighting = lighting

    def step(self) -> None:
        """Advance by one step of ``Solver.step_hz``."""
        for _ in range(self.solver.substeps):
            self.scene.step()

    def contacts(self) -> list[Contact]:
        """Return what touches, with impulses of the last engine step."""
        names = self._component_names()
        found = []
        for contact in self.scene.get_contacts():
            points = contact.points
            if not points:
                continue
            first, second = contact.bodies
            impulses = np.array([point.impulse for point in points], dtype=np.float64)
            places = tuple(
                _place(body.collision_shapes, shape)
                for body, shape in zip(contact.bodies, contact.shapes, strict=True)
            )
            found.append(
                Contact(names[first], names[second], impulses.sum(axis=0), (places[0], places[1]))
            )
        return found

    def picture(
        self, articulation: str, camera: CameraModel, size: tuple[int, int], *, labels: bool
    ) -> Picture:
        """Take a picture of (height, width) with the camera on an articulation's link."""
        if self._drawing is None:
            self._drawing = Drawing(
                self.scene, self._bodies, self._articulations, self._lighting, self._shader
            )
        return self._drawing.picture(articulation, camera, size, labels=labels)

    def close(self) -> None:
        """Free everything; may be called again."""
        self._drawing = None
        self._bodies, self._articulations = [], {}
        self.scene = None

    def _component_names(self) -> Mapping[object, str]:
        names = {body.component: body.name for _, body in self._bodies}
        for name, articulation in self._articulations.items():
            for link in articulation.physx.links:
                names[link] = f"{name}/{link.name}"
        return names


@contextlib.contextmanager
def _settings(solver: Solver) -> Iterator[None]:
    """Build something with the settings of its world, not with those of the world made last."""
    with _defaults:
        _configure(solver)
        yield


def _configure(solver: Solver) -> None:
    """Set SAPIEN's process-wide defaults."""
    physx.set_default_material(solver.friction, solver.friction, 0.0)
    physx.set_shape_config(contact_offset=solver.contact_offset, rest_offset=0.0)
    physx.set_body_config(
        solver_position_iterations=solver.position_iterations,
        solver_velocity_iterations=solver.velocity_iterations,
        sleep_threshold=_SLEEP,
    )
    physx.set_scene_config(
        gravity=np.array([0.0, 0.0, -GRAVITY]),
        bounce_threshold=_BOUNCE,
        enable_pcm=False,
        enable_tgs=solver.tgs,
        enable_ccd=False,
        enable_enhanced_determinism=False,
        enable_friction_every_iteration=True,
        cpu_workers=0,
    )


def _place(shapes: list[physx.PhysxCollisionShape], shape: physx.PhysxCollisionShape) -> int:
    return next((i for i, candidate in enumerate(shapes) if candidate == shape), -1)


def make_world(solver: Solver, *, shader: str = "default") -> Sapien3World:
    """Return an empty world."""
    return Sapien3World(solver, shader=shader)
