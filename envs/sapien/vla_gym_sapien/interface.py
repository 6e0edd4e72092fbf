"""What an environment needs of an engine, and nothing more.

Environments, controllers and grasp tests are written against these protocols and records, which
name no simulator: SAPIEN 3 is behind them today, and SAPIEN 2.2.2 (the engine of the published
Google Robot numbers) can be put there without touching an environment. Poses are ``Pose`` values,
joints go by name, and vectors are in the order of ``Articulation.joints``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from vla_gym_sapien.poses import F64, Pose

U8 = npt.NDArray[np.uint8]
Color = tuple[float, float, float]


@dataclass(frozen=True)
class Solver:
    """How physics is solved.

    Attributes:
        step_hz: Steps of the official simulation per second (the controllers' clock).
        substeps: Engine steps for each of them.
        contact_offset: Distance at which contacts are made, m.
        tgs: Temporal Gauss-Seidel instead of projected Gauss-Seidel.
        position_iterations: Solver iterations.
        friction: Static and dynamic friction of whatever says nothing else.
    """

    step_hz: int
    substeps: int = 1
    contact_offset: float = 0.02
    tgs: bool = True
    position_iterations: int = 25
    velocity_iterations: int = 1
    friction: float = 1.0


@dataclass(frozen=True)
class Surface:
    """Friction of collision shapes.

    Attributes:
        friction: Static, and dynamic where that is not given.
        patch_radius: Radius of the torsional friction patch, m.
        min_patch_radius: Its lower bound, m.
    """

    friction: float
    patch_radius: float = 0.0
    min_patch_radius: float = 0.0
    dynamic_friction: float | None = None

    @property
    def sliding(self) -> float:
        """Dynamic friction."""
        return self.friction if self.dynamic_friction is None else self.dynamic_friction


@dataclass(frozen=True)
class Drive:
    """A joint's position drive: stiffness (N m/rad), damping (N m s/rad), force limit (N m)."""

    stiffness: float
    damping: float
    force_limit: float


@dataclass(frozen=True)
class Look:
    """The surface of something drawn.

    Attributes:
        color: Linear RGB, 0 to 1.
        texture: Picture laid over it instead.
    """

    color: Color = (0.8, 0.8, 0.8)
    texture: Path | None = None
    roughness: float = 0.8
    metallic: float = 0.0
    specular: float = 0.2


@dataclass(frozen=True)
class Shape:
    """A piece of a body: a primitive or a mesh file.

    Attributes:
        kind: ``"box"`` (size: half lengths), ``"cylinder"`` (size: radius, half length; along x),
            ``"sphere"`` (size: radius), ``"mesh"`` (convex pieces of a file), ``"hulls"`` (the
            convex hull of each connected part of a file) or ``"surface"`` (triangles, for what
            never moves).
        size: See ``kind``; m.
        file: Of meshes.
        look: Of drawn primitives; for meshes, replaces what the file says.
    """

    kind: Literal["box", "cylinder", "sphere", "mesh", "hulls", "surface"]
    size: tuple[float, ...] = ()
    file: Path | None = None
    pose: Pose = field(default_factory=Pose.of)
    look: Look | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class BodyModel:
    """A rigid body.

    Attributes:
        name: Unique in its world.
        collisions: What it touches with.
        visuals: What is drawn.
        surface: Friction; ``None`` for the solver's default.
        density: kg/m^3.
        damping: Linear and angular damping, 1/s.
        static: It never moves.
        matte: Draw it without highlights (roughness 1, metallic 0, specular 0).
    """

    name: str
    collisions: tuple[Shape, ...]
    visuals: tuple[Shape, ...]
    surface: Surface | None = None
    density: float = 1000.0
    damping: float = 0.0
    static: bool = False
    matte: bool = False


@dataclass(frozen=True)
class RobotModel:
    """An articulation from a URDF file.

    Attributes:
        urdf: The file.
        joints: Names of the moving joints in the order that vectors have; ``None``: the engine's.
        surfaces: Friction by link name.
        collision_groups: Bits by link name; two links that share one do not collide.
        friction: Friction of the joints.
        shiny: Highlights (specular .9, roughness .3) on all links, as the official environments.
    """

    name: str
    urdf: Path
    joints: tuple[str, ...] | None = None
    surfaces: Mapping[str, Surface] = field(default_factory=dict)
    collision_groups: Mapping[str, int] = field(default_factory=dict)
    friction: float = 0.0
    shiny: bool = False


@dataclass(frozen=True)
class Light:
    """A directional light.

    Attributes:
        direction: The way the light goes.
        color: Linear RGB, may exceed 1.
        shadow: Whether things cast shadows in it.
    """

    direction: Color
    color: Color
    shadow: bool = False


@dataclass(frozen=True)
class Lighting:
    """All the light of a scene: the same from everywhere (ambient) and directional."""

    ambient: Color
    lights: tuple[Light, ...]


@dataclass(frozen=True)
class CameraModel:
    """A pinhole camera fixed to a link; it looks along its x axis, z is up.

    Attributes:
        link: Of the robot.
        pose: In the link's frame.
        width: Of the official picture, pixels.
        height: Likewise.
        fx: Focal length, pixels of the official picture.
        cx: Principal point.
    """

    link: str
    pose: Pose
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    near: float = 0.1
    far: float = 10.0


@dataclass(frozen=True)
class Picture:
    """What a camera saw.

    Attributes:
        rgb: uint8 ``(height, width, 3)``.
        names: For each id of ``labels`` its body or articulation.
        labels: Ids ``(height, width)``; 0 where nothing is. ``None`` when not asked for.
    """

    rgb: U8
    labels: npt.NDArray[np.int32] | None
    names: Mapping[int, str]


@dataclass(frozen=True)
class Contact:
    """Two bodies that touch.

    Attributes:
        first: Name of a body, or ``"articulation/link"``.
        second: Likewise.
        impulse: Sum over the contact points, N s, on ``first``; world axes ``(3,)``.
        shapes: Index of the touching collision shape in each body.
    """

    first: str
    second: str
    impulse: F64
    shapes: tuple[int, int]


class Body(Protocol):
    """A rigid body."""

    name: str

    @property
    def pose(self) -> Pose:
        """World pose."""
        ...

    @pose.setter
    def pose(self, value: Pose) -> None: ...

    @property
    def centre_of_mass(self) -> Pose:
        """Pose of the centre of mass in the body's frame."""
        ...

    @property
    def velocity(self) -> tuple[F64, F64]:
        """Linear (m/s) and angular (rad/s) velocity."""
        ...

    def move(self, linear: F64, angular: F64) -> None:
        """Set the velocity, m/s and rad/s."""
        ...

    def lock(self, axes: Sequence[bool]) -> None:
        """Lock motion along x, y, z and about x, y, z."""
        ...


class Articulation(Protocol):
    """A robot, or a piece of furniture with joints."""

    name: str

    @property
    def joints(self) -> tuple[str, ...]:
        """Names of the moving joints, in the order of all vectors."""
        ...

    @property
    def limits(self) -> F64:
        """Joint limits ``(n, 2)``."""
        ...

    @property
    def base(self) -> Pose:
        """World pose of the root link."""
        ...

    @base.setter
    def base(self, value: Pose) -> None: ...

    @property
    def qpos(self) -> F64:
        """Joint positions."""
        ...

    @qpos.setter
    def qpos(self, value: F64) -> None: ...

    @property
    def qvel(self) -> F64:
        """Joint velocities."""
        ...

    @qvel.setter
    def qvel(self, value: F64) -> None: ...

    @property
    def targets(self) -> F64:
        """Drive targets."""
        ...

    @property
    def links(self) -> tuple[str, ...]:
        """Names of the links."""
        ...

    def set_drives(self, drives: Mapping[str, Drive]) -> None:
        """Set the drives of joints by name."""
        ...

    def set_targets(
        self, indices: Sequence[int], positions: F64, velocities: F64 | None = None
    ) -> None:
        """Set drive targets of some joints (by their place in ``joints``)."""
        ...

    def link_pose(self, name: str) -> Pose:
        """Return the world pose of a link."""
        ...

    def compensate(self) -> None:
        """Hold the links against gravity and Coriolis forces in the next step."""
        ...

    def forward(self, link: str, qpos: F64) -> Pose:
        """Return the pose of a link in the base frame for joint positions."""
        ...

    def inverse(
        self, link: str, pose: Pose, *, start: F64, active: npt.NDArray[np.bool_]
    ) -> F64 | None:
        """Return joint positions that bring a link to a pose in the base frame, or ``None``."""
        ...


class World(Protocol):
    """A scene with its physics and its pictures."""

    def add_body(self, model: BodyModel, pose: Pose) -> Body:
        """Add a rigid body."""
        ...

    def add_articulation(self, model: RobotModel, base: Pose) -> Articulation:
        """Add a robot or a piece of furniture whose base does not move."""
        ...

    def set_lighting(self, lighting: Lighting) -> None:
        """Set all light."""
        ...

    def step(self) -> None:
        """Advance by one step of ``Solver.step_hz``."""
        ...

    def contacts(self) -> list[Contact]:
        """Return what touches, with impulses of the last engine step."""
        ...

    def picture(
        self, articulation: str, camera: CameraModel, size: tuple[int, int], *, labels: bool
    ) -> Picture:
        """Take a picture of (height, width) with the camera on an articulation's link."""
        ...

    def close(self) -> None:
        """Free everything."""
        ...
