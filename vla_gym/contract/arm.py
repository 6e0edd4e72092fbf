"""Translation and rotation of one arm, from a policy's meaning to an environment's.

The cheapest exact way is chosen when the specs are compared, for the two parts separately:

* ``identity``: the same meaning, the numbers pass untouched,
* ``scale``: only the unit differs,
* ``rewrite``: the axes (a constant change) or the writing of the rotation differ,
* ``pose``: only the pose of the end effector connects the two (delta and absolute, end-effector
  axes, commanded and measured reference, additive Euler deltas and composed ones).

The commanded pose begins as the measured one and follows the actions handed to the environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from vla_gym.contract import rotations
from vla_gym.contract.cartesian import (
    Axes,
    Poses,
    displacement,
    read_turn,
    target_position,
    target_rotation,
    write_displacement,
    write_position,
    write_rotation,
    write_turn,
)
from vla_gym.contract.frames import (
    POSITION,
    ROTATION,
    FrameChange,
    Pose,
    PoseReader,
    Vector,
    frame_change,
    plan_reader,
)
from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import (
    EnvContract,
    Frame,
    Mode,
    PolicySpec,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)

Array = npt.NDArray[Any]
Part = TranslationSpec | RotationSpec
SomePart = TypeVar("SomePart", TranslationSpec, RotationSpec)
ANGULAR = (Rotation.EULER_XYZ, Rotation.AXIS_ANGLE)


class Way(str, Enum):
    """How a part is converted; see the module."""

    IDENTITY = "identity"
    SCALE = "scale"
    REWRITE = "rewrite"
    POSE = "pose"


@dataclass(frozen=True)
class TranslationConverter:
    """A translation.

    Attributes:
        source: What the numbers mean that come.
        target: What those mean that are wanted.
        way: Chosen way.
        source_axes: Of ``source``, relative to home.
        target_axes: Of ``target``.
        constant: Frame change for the way ``rewrite``.
    """

    source: TranslationSpec
    target: TranslationSpec
    way: Way
    source_axes: Axes
    target_axes: Axes
    constant: FrameChange

    def convert(self, values: Array, poses: Poses | None) -> Array:
        """Return ``(3,)`` in the target's terms."""
        if self.way is Way.IDENTITY:
            return values
        wide = values.astype(np.float64)
        if self.way is Way.SCALE:
            return wide * (self.source.meters_per_unit / self.target.meters_per_unit)
        if self.way is Way.REWRITE:
            change, meters = self.constant, wide * self.source.meters_per_unit
            moved = change.vector if self.source.mode is Mode.DELTA else change.point
            return moved(meters) / self.target.meters_per_unit
        return self._by_pose(wide, _present(poses))

    def _by_pose(self, wide: Vector, poses: Poses) -> Vector:
        source, target = self.source, self.target
        if source.mode is target.mode is Mode.DELTA and source.reference is target.reference:
            reference = poses.of(source.reference)
            meters = displacement(wide, source, self.source_axes, reference)
            return write_displacement(meters, target, self.target_axes, reference)
        position = target_position(wide, source, self.source_axes, poses)
        return write_position(position, target, self.target_axes, poses)


@dataclass(frozen=True)
class RotationConverter:
    """A rotation; attributes as those of ``TranslationConverter``."""

    source: RotationSpec
    target: RotationSpec
    way: Way
    source_axes: Axes
    target_axes: Axes
    constant: FrameChange

    def convert(self, values: Array, poses: Poses | None) -> Array:
        """Return ``(n,)`` in the target's terms."""
        if self.way is Way.IDENTITY:
            return values
        wide = values.astype(np.float64)
        if self.way is Way.SCALE:
            return wide * (self.source.radians_per_unit / self.target.radians_per_unit)
        if self.way is Way.REWRITE:
            return self._rewrite(wide)
        matrix = target_rotation(wide, self.source, self.source_axes, _present(poses))
        return write_rotation(matrix, self.target, self.target_axes, _present(poses))

    def _rewrite(self, wide: Vector) -> Array:
        source, target, change = self.source, self.target, self.constant
        if change.identity:
            radians = wide * source.radians_per_unit
            written = rotations.convert(radians, source.representation, target.representation)
            return written / target.radians_per_unit
        matrix = read_turn(wide, source)
        moved = change.turn if source.mode is Mode.DELTA else change.orientation
        return write_turn(moved(matrix), target)


@dataclass(frozen=True)
class ArmConverter:
    """Translation and rotation of one arm; either may be absent.

    Attributes:
        arm: Its name.
        translation: Of the translation.
        rotation: Of the rotation.
        reader: Of the measured pose, where a conversion needs it.
    """

    arm: str
    translation: TranslationConverter | None
    rotation: RotationConverter | None
    reader: PoseReader | None = None

    def parts(self) -> Iterator[TranslationConverter | RotationConverter]:
        """Yield the converters of the parts that it has."""
        for part in (self.translation, self.rotation):
            if part is not None:
                yield part

    @property
    def identity(self) -> bool:
        """Whether its numbers pass untouched."""
        return all(part.way is Way.IDENTITY for part in self.parts())

    def advance(self, translation: Array | None, rotation: Array | None, poses: Poses) -> Pose:
        """Return the pose commanded after the environment got numbers of its own."""
        before = poses.commanded
        position, matrix, euler = before.position, before.rotation, before.euler
        if self.translation is not None and translation is not None:
            spec, axes = self.translation.target, self.translation.target_axes
            position = target_position(translation.astype(np.float64), spec, axes, poses)
        if self.rotation is not None and rotation is not None:
            turn = rotation.astype(np.float64)
            spec_, axes = self.rotation.target, self.rotation.target_axes
            matrix = target_rotation(turn, spec_, axes, poses)
            euler = rotations.from_matrix(matrix, Rotation.EULER_XYZ)
            if spec_.additive and axes.to_home is not None and axes.to_home.identity:
                euler = poses.of(spec_.reference).euler + turn * spec_.radians_per_unit
        return Pose(position, matrix, euler)


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


def plan(arm: str, policy: PolicySpec, env: EnvContract, issues: IssueList) -> ArmConverter:
    """Return the converter of an arm that both sides have; add what is missing for it."""
    return _Plan(arm, policy, env, issues).converter()


class _Plan:
    """The decisions about one arm.

    The pairs hold what both sides have; what only one side has is told by ``motion``.
    """

    def __init__(self, arm: str, policy: PolicySpec, env: EnvContract, issues: IssueList) -> None:
        self._arm, self._policy, self._env, self._issues = arm, policy, env, issues
        self._moves = self._pair(TranslationSpec)
        self._turns = self._pair(RotationSpec)

    def converter(self) -> ArmConverter:
        moved = self._constant(self._moves)
        turned = self._constant(self._turns)
        move_way = translation_way(*self._moves, moved) if self._moves else None
        turn_way = rotation_way(*self._turns, turned) if self._turns else None
        self._check_references(self._moves, move_way)
        self._check_references(self._turns, turn_way)
        needed = self._needed(move_way, turn_way)
        reader = plan_reader(self._env, self._arm, needed, self._issues) if needed else None
        home = reader.home if reader else Frame.WORLD
        translation = rotation = None
        if self._moves and move_way:
            axes = self._axes(self._moves, home, used=move_way is Way.POSE)
            translation = TranslationConverter(
                *self._moves, move_way, *axes, moved or FrameChange()
            )
        if self._turns and turn_way:
            axes = self._axes(self._turns, home, used=ROTATION in needed)
            rotation = RotationConverter(*self._turns, turn_way, *axes, turned or FrameChange())
        return ArmConverter(self._arm, translation, rotation, reader)

    def _pair(self, kind: type[SomePart]) -> tuple[SomePart, SomePart] | None:
        """Return the parts of a kind that both sides have, each checked by itself."""
        source = self._policy.action.find(kind, self._arm)
        target = self._env.action.find(kind, self._arm)
        for owner, part in (("policy", source), ("environment", target)):
            if part is not None:
                _check_part(owner, part, self._issues)
        return None if source is None or target is None else (source, target)

    def _constant(self, pair: tuple[Part, Part] | None) -> FrameChange | None:
        """Return the constant change of axes from policy to environment, if there is one."""
        if pair is None:
            return None
        source, target = pair
        absolute = _needs_origin(source)
        return frame_change(source.frame, target.frame, self._env, absolute=absolute)

    def _axes(self, pair: tuple[Part, Part], home: Frame, *, used: bool) -> tuple[Axes, Axes]:
        issues = self._issues if used else IssueList()
        source, target = (self._part_axes(part, home, issues) for part in pair)
        return source, target

    def _part_axes(self, part: Part, home: Frame, issues: IssueList) -> Axes:
        if part.frame is Frame.END_EFFECTOR:
            return Axes(None)
        change = frame_change(part.frame, home, self._env, absolute=_needs_origin(part))
        if change is None:
            issues.error(
                "frame_unknown",
                f"An action is in {part.frame.value} axes and the pose is reported in "
                f"{home.value} axes; nothing says how the two lie.",
                "declare base_pose in the environment's spec, or use one frame",
            )
        return Axes(change or FrameChange())

    def _needed(self, move_way: Way | None, turn_way: Way | None) -> set[str]:
        """Return the pose fields that the conversions read."""
        needed: set[str] = set()
        moves = self._moves or ()
        ends = any(part.frame is Frame.END_EFFECTOR for part in moves)
        if turn_way is Way.POSE or (move_way is Way.POSE and ends):
            needed.add(ROTATION)
        same_delta = len({(part.mode, part.reference) for part in moves}) == 1 and all(
            part.mode is Mode.DELTA for part in moves
        )
        if move_way is Way.POSE and not same_delta:
            needed.add(POSITION)
        return needed

    def _check_references(self, pair: tuple[Part, Part] | None, way: Way | None) -> None:
        if pair is None or way is not Way.POSE:
            return
        for owner, part in zip(("policy", "environment"), pair, strict=True):
            if part.mode is Mode.DELTA and part.reference is None:
                self._issues.error(
                    "delta_reference",
                    f"The {owner}'s {part.name} is a delta that does not say what it is added to.",
                    "set reference to commanded or measured",
                )
        references = {part.reference for part in pair}
        check_chunk(self._policy, pair[0].name, references, self._issues)


def check_chunk(
    policy: PolicySpec, part: str, references: set[Reference | None], issues: IssueList
) -> None:
    """Refuse what would need a measurement within a chunk, where nothing is observed."""
    if policy.actions_per_call > 1 and Reference.MEASURED in references:
        issues.error(
            "chunk_measured",
            f"The {part} of {policy.actions_per_call} actions is executed at once, and "
            "converting it needs what is measured at each of them.",
            "use execution='first' or 'ensemble', or the commanded pose as reference",
        )


def _needs_origin(part: Part) -> bool:
    return isinstance(part, TranslationSpec) and part.mode is Mode.ABSOLUTE


def _check_part(owner: str, part: Part, issues: IssueList) -> None:
    if part.mode is Mode.ABSOLUTE and part.frame is Frame.END_EFFECTOR:
        issues.error(
            "absolute_frame",
            f"The {owner}'s {part.name} is absolute in end-effector axes, which move with it.",
            "use world or base axes, or a delta",
        )
    if isinstance(part, RotationSpec):
        _check_rotation(owner, part, issues)


def _check_rotation(owner: str, rotation: RotationSpec, issues: IssueList) -> None:
    if rotation.additive and (
        rotation.representation is not Rotation.EULER_XYZ
        or rotation.mode is not Mode.DELTA
        or rotation.frame is Frame.END_EFFECTOR
    ):
        issues.error(
            "additive_rotation",
            f"The {owner}'s rotation is additive, which exists for deltas of Euler angles in world "
            "or base axes only.",
            "set additive=False, or representation=euler_xyz and mode=delta",
        )
    if rotation.representation not in ANGULAR and rotation.radians_per_unit != 1.0:
        issues.error(
            "rotation_scale",
            f"The {owner}'s {rotation.representation.value} rotation has radians_per_unit="
            f"{rotation.radians_per_unit:g}.",
            "set radians_per_unit=1; only angles have a unit",
        )
