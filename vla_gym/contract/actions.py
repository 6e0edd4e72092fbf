"""Translation and rotation of an action, from a policy's meaning to an environment's.

The cheapest exact way is chosen when the specs are compared, for the two parts separately:

* ``identity``: the same meaning, the numbers pass untouched,
* ``scale``: only the unit differs,
* ``rewrite``: the axes (a constant change) or the writing of the rotation differ,
* ``pose``: only the pose of the end effector connects the two (delta and absolute, end-effector
  axes, commanded and measured reference, additive Euler deltas and composed ones).

Poses are in the environment's own ``home`` axes. The commanded pose begins as the measured one and
follows the actions handed to the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract import rotations
from vla_gym.contract.frames import FrameChange, Pose, Vector
from vla_gym.contract.spec import (
    ActionSpec,
    Mode,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)

Array = npt.NDArray[Any]


class Way(str, Enum):
    """How a part is converted; see the module."""

    IDENTITY = "identity"
    SCALE = "scale"
    REWRITE = "rewrite"
    POSE = "pose"


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


@dataclass(frozen=True)
class ArmConverter:
    """Translation and rotation of one action.

    Attributes:
        policy: What the policy's numbers mean.
        env: What the environment's numbers mean.
        translation: Chosen way.
        rotation: Chosen way.
        policy_axes: Of translation and rotation of the policy.
        env_axes: Of translation and rotation of the environment.
        constant: Frame changes from policy to environment for the way ``rewrite``.
    """

    policy: ActionSpec
    env: ActionSpec
    translation: Way
    rotation: Way
    policy_axes: tuple[Axes, Axes]
    env_axes: tuple[Axes, Axes]
    constant: tuple[FrameChange, FrameChange]

    @property
    def uses_pose(self) -> bool:
        """Whether the pose of the end effector is needed."""
        return Way.POSE in (self.translation, self.rotation)

    def convert(self, row: Array, poses: Poses | None) -> tuple[Array, Array]:
        """Return translation ``(3,)`` and rotation ``(n,)`` for the environment."""
        return self._translate(row[:3], poses), self._rotate(row[3:-1], poses)

    def advance(self, row: Array, poses: Poses) -> Pose:
        """Return the pose commanded after the environment got an action of its own, ``row``."""
        wide = row.astype(np.float64)
        spec = self.env.rotation
        position = target_position(wide[:3], self.env.translation, self.env_axes[0], poses)
        matrix = target_rotation(wide[3:-1], spec, self.env_axes[1], poses)
        euler = rotations.from_matrix(matrix, Rotation.EULER_XYZ)
        to_home = self.env_axes[1].to_home
        if spec.additive and to_home is not None and to_home.identity:
            euler = poses.of(spec.reference).euler + wide[3:-1] * spec.radians_per_unit
        return Pose(position, matrix, euler)

    def _translate(self, values: Array, poses: Poses | None) -> Array:
        if self.translation is Way.IDENTITY:
            return values
        source, target = self.policy.translation, self.env.translation
        ratio = source.meters_per_unit / target.meters_per_unit
        wide = values.astype(np.float64)
        if self.translation is Way.SCALE:
            return wide * ratio
        if self.translation is Way.REWRITE:
            change, meters = self.constant[0], wide * source.meters_per_unit
            moved = change.vector if source.mode is Mode.DELTA else change.point
            return moved(meters) / target.meters_per_unit
        return self._translate_by_pose(wide, _present(poses))

    def _translate_by_pose(self, wide: Vector, poses: Poses) -> Vector:
        source, target = self.policy.translation, self.env.translation
        if source.mode is target.mode is Mode.DELTA and source.reference is target.reference:
            reference = poses.of(source.reference)
            meters = displacement(wide, source, self.policy_axes[0], reference)
            return write_displacement(meters, target, self.env_axes[0], reference)
        position = target_position(wide, source, self.policy_axes[0], poses)
        return write_position(position, target, self.env_axes[0], poses)

    def _rotate(self, values: Array, poses: Poses | None) -> Array:
        if self.rotation is Way.IDENTITY:
            return values
        source, target = self.policy.rotation, self.env.rotation
        wide = values.astype(np.float64)
        if self.rotation is Way.SCALE:
            return wide * (source.radians_per_unit / target.radians_per_unit)
        if self.rotation is Way.REWRITE:
            return self._rewrite_rotation(wide)
        matrix = target_rotation(wide, source, self.policy_axes[1], _present(poses))
        return write_rotation(matrix, target, self.env_axes[1], _present(poses))

    def _rewrite_rotation(self, wide: Vector) -> Array:
        source, target, change = self.policy.rotation, self.env.rotation, self.constant[1]
        if change.identity:
            radians = wide * source.radians_per_unit
            written = rotations.convert(radians, source.representation, target.representation)
            return written / target.radians_per_unit
        matrix = read_turn(wide, source)
        moved = change.turn if source.mode is Mode.DELTA else change.orientation
        return write_turn(moved(matrix), target)


def _present(poses: Poses | None) -> Poses:
    if poses is None:
        raise ValueError("this conversion needs the measured pose: pass the observation")
    return poses


def translation_way(
    source: TranslationSpec, target: TranslationSpec, change: FrameChange | None
) -> Way:
    """Return how a translation is converted; ``change`` is the constant change of axes, if any."""
    same_meaning = source.mode is target.mode and source.reference is target.reference
    if not same_meaning or change is None:
        return Way.POSE
    if not change.identity:
        return Way.REWRITE
    return Way.IDENTITY if source.meters_per_unit == target.meters_per_unit else Way.SCALE


def rotation_way(source: RotationSpec, target: RotationSpec, change: FrameChange | None) -> Way:
    """Return how a rotation is converted; ``change`` is the constant change of axes, if any."""
    same_meaning = (source.mode, source.reference, source.additive) == (
        target.mode,
        target.reference,
        target.additive,
    )
    if not same_meaning or change is None or (source.additive and not change.identity):
        return Way.POSE
    if not change.identity or source.representation is not target.representation:
        return Way.REWRITE
    same_unit = source.radians_per_unit == target.radians_per_unit
    return Way.IDENTITY if same_unit else Way.SCALE
