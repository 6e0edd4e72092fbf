"""The proprioception vector, field by field, from the environment's terms to the policy's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract import rotations
from vla_gym.contract.frames import POSITION, FrameChange, frame_change, locate
from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import EnvContract, ProprioceptionField, Rotation
from vla_gym.contract.terms import UNITS, unit_ratio

ANGULAR = (Rotation.EULER_XYZ, Rotation.AXIS_ANGLE)


@dataclass(frozen=True)
class FieldConverter:
    """One field.

    Attributes:
        place: Where it lies in the environment's vector.
        source: What the environment gives.
        target: What the policy wants.
        scale: Source units in target units.
        change: Of the axes.
    """

    place: slice
    source: ProprioceptionField
    target: ProprioceptionField
    scale: float
    change: FrameChange

    @property
    def identity(self) -> bool:
        """Whether the numbers pass untouched."""
        same = self.source.rotation is self.target.rotation
        return same and self.scale == 1.0 and self.change.identity

    def __call__(self, vector: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the field ``(n,)`` from the environment's vector."""
        values: npt.NDArray[Any] = vector[self.place]
        if self.identity:
            return values
        wide = values.astype(np.float64)
        if self.source.rotation is None or self.target.rotation is None:
            return self._directed(wide) * self.scale
        return self._rotated(wide, self.source.rotation, self.target.rotation)

    def describe(self) -> str:
        """Return the conversion in words."""
        if self.identity:
            return "identity"
        parts = [self.source.unit, self.target.unit] if self.scale != 1.0 else []
        if self.source.rotation is not self.target.rotation:
            parts += [_name(self.source.rotation), _name(self.target.rotation)]
        if not self.change.identity:
            parts += [_name(self.source.frame), _name(self.target.frame)]
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return ", ".join(f"{before} -> {after}" for before, after in pairs)

    def _directed(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        if self.change.identity:
            return values
        meters = UNITS[self.source.unit][1]
        return self.change.point(values * meters) / meters

    def _rotated(
        self, values: npt.NDArray[np.float64], source: Rotation, target: Rotation
    ) -> npt.NDArray[Any]:
        """Go through radians and, where axes change, through the matrix."""
        radians = values * _radians(self.source) if source in ANGULAR else values
        if self.change.identity:
            written = rotations.convert(radians, source, target)
        else:
            matrix = self.change.orientation(rotations.to_matrix(radians, source))
            written = rotations.from_matrix(matrix, target)
        return written / _radians(self.target) if target in ANGULAR else written


def _radians(entry: ProprioceptionField) -> float:
    return UNITS[entry.unit][1] if entry.unit in UNITS else 1.0


def _name(member: Any) -> str:
    return "none" if member is None else str(member.value)


@dataclass(frozen=True)
class ProprioceptionConverter:
    """The whole vector: the policy's fields in the policy's order.

    Attributes:
        fields: One converter a field.
        source_size: Length of the environment's vector.
    """

    fields: tuple[FieldConverter, ...]
    source_size: int

    def __call__(self, vector: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return float32 ``(n,)``."""
        if vector.shape != (self.source_size,):
            raise ValueError(f"expected ({self.source_size},), got {vector.shape}")
        if not self.fields:
            return np.zeros(0, dtype=np.float32)
        parts = [field(vector) for field in self.fields]
        return np.concatenate(parts).astype(np.float32)

    def describe(self) -> dict[str, str]:
        """Return the conversions by field."""
        return {field.target.key: field.describe() for field in self.fields}


def plan(
    wanted: tuple[ProprioceptionField, ...], env: EnvContract, issues: IssueList
) -> ProprioceptionConverter:
    """Return the converter of the fields that the policy wants; add what does not fit."""
    offered = {entry.key: entry for entry in env.proprioception}
    fields = []
    for target in wanted:
        source = offered.get(target.key)
        if source is None:
            issues.error(
                "missing_proprioception",
                f"The policy reads {target.key!r}, the environment has {sorted(offered)}.",
                "use a policy without this field, or an environment that has it",
            )
        elif (converter := _plan_field(source, target, env, issues)) is not None:
            fields.append(converter)
    return ProprioceptionConverter(tuple(fields), env.proprioception_size)


def _plan_field(
    source: ProprioceptionField, target: ProprioceptionField, env: EnvContract, issues: IssueList
) -> FieldConverter | None:
    scale = _scale(source, target)
    change = _change(source, target, env)
    place = locate(env.proprioception, source.key)
    if (source.rotation is None) != (target.rotation is None) or (
        source.rotation is None and source.size != target.size
    ):
        issues.error(
            "proprioception_size",
            f"{target.name!r} has {source.size} numbers ({_name(source.rotation)}) in the "
            f"environment, the policy wants {target.size} ({_name(target.rotation)}).",
            "declare the field as the environment does",
        )
    if scale is None:
        issues.error(
            "unit_mismatch",
            f"{target.name!r} is in {source.unit!r} in the environment and {target.unit!r} for the "
            "policy.",
            f"use the same unit, or one of the convertible ones: {', '.join(UNITS)}",
        )
    if change is None:
        issues.error(
            "frame_unknown",
            f"{target.name!r} is in frame {_name(source.frame)} and the policy wants "
            f"{_name(target.frame)}; nothing says how the two lie.",
            "declare base_pose in the environment's spec, or use its frame",
        )
    if scale is None or change is None or place is None:
        return None
    return FieldConverter(place, source, target, scale, change)


def _scale(source: ProprioceptionField, target: ProprioceptionField) -> float | None:
    """Return source units in target units; rotations change units on their way to radians."""
    if source.unit == target.unit:
        return 1.0
    angular = {entry.rotation in ANGULAR for entry in (source, target)}
    if None not in (source.rotation, target.rotation) and angular != {True}:
        return 1.0
    return unit_ratio(source.unit, target.unit)


def _change(
    source: ProprioceptionField, target: ProprioceptionField, env: EnvContract
) -> FrameChange | None:
    if source.frame is target.frame:
        return FrameChange()
    movable = source.rotation is not None or (source.name == POSITION and source.size == 3)
    if source.frame is None or target.frame is None or not movable or source.unit not in UNITS:
        return None
    absolute = source.rotation is None
    return frame_change(source.frame, target.frame, env, absolute=absolute)
