"""What translations and rotations aim at, and how an aim is written as one of them.

Positions and orientations are in the environment's own ``home`` axes.
"""

from __future__ import annotations

from dataclasses import dataclass

from vla_gym.contract import rotations
from vla_gym.contract.frames import FrameChange, Pose, Vector
from vla_gym.contract.spec import Mode, Reference, Rotation, RotationSpec, TranslationSpec


@dataclass(frozen=True)
class Poses:
    """What an action can refer to.

    Attributes:
        commanded: Pose last commanded.
        measured: Pose last observed.
    """

    commanded: Pose
    measured: Pose

    def of(self, reference: Reference | None) -> Pose:
        """Return the pose that a delta refers to."""
        return self.measured if reference is Reference.MEASURED else self.commanded


@dataclass(frozen=True)
class Axes:
    """Frame changes between an action part and the home axes.

    Attributes:
        to_home: From the part's axes; ``None`` for end-effector axes.
    """

    to_home: FrameChange | None

    @property
    def from_home(self) -> FrameChange | None:
        """The way back."""
        return None if self.to_home is None else self.to_home.inverse()


def displacement(values: Vector, spec: TranslationSpec, axes: Axes, reference: Pose) -> Vector:
    """Return a delta translation ``(3,)`` in metres and home axes."""
    meters = values * spec.meters_per_unit
    return reference.rotation @ meters if axes.to_home is None else axes.to_home.vector(meters)


def target_position(values: Vector, spec: TranslationSpec, axes: Axes, poses: Poses) -> Vector:
    """Return the position ``(3,)`` that a translation aims at, metres, home axes."""
    if spec.mode is Mode.ABSOLUTE and axes.to_home is not None:
        return axes.to_home.point(values * spec.meters_per_unit)
    reference = poses.of(spec.reference)
    return reference.position + displacement(values, spec, axes, reference)


def write_displacement(
    meters: Vector, spec: TranslationSpec, axes: Axes, reference: Pose
) -> Vector:
    """Return a displacement of home axes as delta numbers."""
    back = axes.from_home
    own = reference.rotation.T @ meters if back is None else back.vector(meters)
    return own / spec.meters_per_unit


def write_position(position: Vector, spec: TranslationSpec, axes: Axes, poses: Poses) -> Vector:
    """Return the numbers of a translation that aims at a position of home axes."""
    back = axes.from_home
    if spec.mode is Mode.ABSOLUTE and back is not None:
        return back.point(position) / spec.meters_per_unit
    reference = poses.of(spec.reference)
    return write_displacement(position - reference.position, spec, axes, reference)


def read_turn(values: Vector, spec: RotationSpec) -> Vector:
    """Return the matrix that the numbers of a rotation stand for."""
    return rotations.to_matrix(values * spec.radians_per_unit, spec.representation)


def write_turn(matrix: Vector, spec: RotationSpec) -> Vector:
    """Return the numbers of a matrix."""
    return rotations.from_matrix(matrix, spec.representation) / spec.radians_per_unit


def reference_euler(axes: Axes, reference: Pose) -> Vector:
    """Return the Euler angles of a pose in the axes of an additive rotation."""
    back = axes.from_home
    if back is None or back.identity:
        return reference.euler
    return rotations.from_matrix(back.orientation(reference.rotation), Rotation.EULER_XYZ)


def target_rotation(values: Vector, spec: RotationSpec, axes: Axes, poses: Poses) -> Vector:
    """Return the orientation ``(3, 3)`` that a rotation aims at, in home axes."""
    if spec.mode is Mode.ABSOLUTE and axes.to_home is not None:
        return axes.to_home.orientation(read_turn(values, spec))
    reference = poses.of(spec.reference)
    if axes.to_home is None:
        return reference.rotation @ read_turn(values, spec)
    if spec.additive:
        angles = reference_euler(axes, reference) + values * spec.radians_per_unit
        return axes.to_home.orientation(rotations.to_matrix(angles, Rotation.EULER_XYZ))
    return axes.to_home.turn(read_turn(values, spec)) @ reference.rotation


def write_rotation(matrix: Vector, spec: RotationSpec, axes: Axes, poses: Poses) -> Vector:
    """Return the numbers of a rotation that aims at an orientation of home axes."""
    back = axes.from_home
    if spec.mode is Mode.ABSOLUTE and back is not None:
        return write_turn(back.orientation(matrix), spec)
    reference = poses.of(spec.reference)
    if back is None:
        return write_turn(reference.rotation.T @ matrix, spec)
    if spec.additive:
        base = reference_euler(axes, reference)
        aim = rotations.nearest_euler(back.orientation(matrix), base)
        return (aim - base) / spec.radians_per_unit
    return write_turn(back.turn(matrix @ reference.rotation.T), spec)
