"""Joints of an action, from a policy's meaning to an environment's: by name, unit and mode.

Positions are in the environment's unit and order. Where only the order, the unit or the scale
differ, numbers are picked and scaled. Deltas, velocities and absolute positions are connected by
the joints' positions: a delta is added to the commanded or measured ones, and a velocity held for
one control period is a delta (``velocity / control_hz`` of the environment, which executes it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract.arm import check_chunk
from vla_gym.contract.frames import JOINTS, Vector, locate
from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import (
    EnvContract,
    JointsSpec,
    Mode,
    PolicySpec,
    ProprioceptionField,
    Reference,
)
from vla_gym.contract.terms import unit_ratio

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Positions:
    """What joint numbers can refer to, in the environment's unit and order.

    Attributes:
        commanded: Positions last commanded ``(n,)``.
        measured: Positions last observed ``(n,)``.
    """

    commanded: Vector
    measured: Vector

    def of(self, reference: Reference | None) -> Vector:
        """Return the positions that a delta refers to."""
        return self.measured if reference is Reference.MEASURED else self.commanded


@dataclass(frozen=True)
class JointReader:
    """Finds the measured positions in the proprioception vector.

    Attributes:
        places: Where each joint lies, in the environment's order of the action.
        scale: The field's unit in the action's.
    """

    places: tuple[int, ...]
    scale: float

    def __call__(self, proprioception: npt.NDArray[Any]) -> Vector:
        """Return the measured positions ``(n,)``."""
        return np.asarray(proprioception, np.float64)[list(self.places)] * self.scale


@dataclass(frozen=True)
class JointConverter:
    """The joints of one arm.

    Attributes:
        source: What the numbers mean that come.
        target: What those mean that are wanted.
        order: For each joint of the target its place in the source.
        scale: What 1 of the source is in the target's ``unit``.
        hertz: Control frequency of the environment.
        by_position: Whether the joints' positions connect the two.
        reader: Of the measured positions, where they are needed.
    """

    source: JointsSpec
    target: JointsSpec
    order: tuple[int, ...]
    scale: float
    hertz: float
    by_position: bool
    reader: JointReader | None = None

    @property
    def identity(self) -> bool:
        """Whether numbers pass untouched."""
        plain = self.order == tuple(range(len(self.order))) and not self.by_position
        return plain and self.scale == self.target.per_unit and self._period == 1.0

    def convert(self, values: Array, positions: Positions | None) -> Array:
        """Return ``(n,)`` in the target's terms."""
        picked = values[list(self.order)]
        if self.identity:
            return picked
        wide = picked.astype(np.float64) * self.scale
        if not self.by_position:
            return wide * self._period / self.target.per_unit
        if positions is None:
            raise ValueError("this conversion needs the joints' positions: pass the observation")
        goal = self._goal(wide, self.source, positions)
        return self._written(goal, self.target, positions) / self.target.per_unit

    def advance(self, values: Array, positions: Positions) -> Vector:
        """Return the positions commanded after the environment got numbers of its own ``(n,)``."""
        return self._goal(values.astype(np.float64) * self.target.per_unit, self.target, positions)

    def as_source(self, positions: Vector) -> Vector:
        """Return positions of the target's order and unit in those of the source."""
        ratio = unit_ratio(self.source.unit, self.target.unit) or 1.0
        turned = np.empty(len(positions))
        turned[list(self.order)] = positions / ratio
        return turned

    def describe(self) -> str:
        """Return the conversion in words."""
        if self.identity:
            return "identity"
        source, target = self.source, self.target
        words = ["by position" if self.by_position else "scale"]
        if self.order != tuple(range(len(self.order))):
            words.append("reordered by name")
        if source.mode is not target.mode:
            words.append(f"{source.mode.value} to {target.mode.value}")
        if source.unit != target.unit:
            words.append(f"{source.unit} to {target.unit}")
        return ", ".join(words)

    @property
    def _period(self) -> float:
        """What a number of the source becomes where no position is needed, by its mode."""
        modes = (self.source.mode, self.target.mode)
        if modes == (Mode.VELOCITY, Mode.DELTA):
            return 1.0 / self.hertz
        return self.hertz if modes == (Mode.DELTA, Mode.VELOCITY) else 1.0

    def _goal(self, wide: Vector, spec: JointsSpec, positions: Positions) -> Vector:
        if spec.mode is Mode.ABSOLUTE:
            return wide
        change = wide / self.hertz if spec.mode is Mode.VELOCITY else wide
        return positions.of(spec.reference) + change

    def _written(self, goal: Vector, spec: JointsSpec, positions: Positions) -> Vector:
        if spec.mode is Mode.ABSOLUTE:
            return goal
        change = goal - positions.of(spec.reference)
        return change * self.hertz if spec.mode is Mode.VELOCITY else change


def plan(
    source: JointsSpec, target: JointsSpec, policy: PolicySpec, env: EnvContract, issues: IssueList
) -> JointConverter | None:
    """Return the converter of the joints of an arm; add what does not fit."""
    if set(source.names) != set(target.names):
        issues.error(
            "joint_names",
            f"The policy's {source.name} are {list(source.names)}, the environment's "
            f"{list(target.names)}.",
            "use a policy made for these joints, or call them by the environment's names",
        )
        return None
    ratio = unit_ratio(source.unit, target.unit)
    if ratio is None:
        issues.error(
            "unit_mismatch",
            f"{source.name} are in {source.unit!r} for the policy and {target.unit!r} in the "
            "environment.",
            "use the same unit, or one of the same kind",
        )
        return None
    by_position = _by_position(source, target)
    if by_position:
        _check_references(source, target, policy, issues)
    return JointConverter(
        source=source,
        target=target,
        order=tuple(source.names.index(name) for name in target.names),
        scale=source.per_unit * ratio,
        hertz=env.action.control_hz,
        by_position=by_position,
        reader=_reader(target, env, issues) if by_position else None,
    )


def _by_position(source: JointsSpec, target: JointsSpec) -> bool:
    relative = Mode.ABSOLUTE not in (source.mode, target.mode)
    if relative:
        return source.reference is not target.reference
    return source.mode is not target.mode


def _check_references(
    source: JointsSpec, target: JointsSpec, policy: PolicySpec, issues: IssueList
) -> None:
    for owner, part in (("policy", source), ("environment", target)):
        if part.mode is not Mode.ABSOLUTE and part.reference is None:
            issues.error(
                "delta_reference",
                f"The {owner}'s {part.name} are changes that do not say what they are added to.",
                "set reference to commanded or measured",
            )
    check_chunk(policy, source.name, {source.reference, target.reference}, issues)


def _reader(target: JointsSpec, env: EnvContract, issues: IssueList) -> JointReader | None:
    field = next(
        (f for f in env.proprioception if f.name == JOINTS and f.arm == target.arm and f.names),
        None,
    )
    ratio = None if field is None else unit_ratio(field.unit, target.unit)
    if field is None or ratio is None or not set(target.names) <= set(field.names):
        issues.error(
            "joints_unavailable",
            f"Converting {target.name} needs the positions of {list(target.names)}, and the "
            "environment does not report them.",
            f"declare the proprioception field {JOINTS!r} with these names and a unit like "
            f"{target.unit!r}, or use a policy with the environment's own action",
        )
        return None
    return JointReader(_places(field, target, env), ratio)


def _places(field: ProprioceptionField, target: JointsSpec, env: EnvContract) -> tuple[int, ...]:
    start = locate(env.proprioception, field.key)
    assert start is not None
    return tuple(int(start.start) + field.names.index(name) for name in target.names)
