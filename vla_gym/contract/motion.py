"""All of an action but its grippers, from a policy's meaning to an environment's.

Parts are matched by kind and arm, whatever their order. What the conversion refers to (poses of end
effectors, positions of joints) is a ``Stance``: the measured one is read from the proprioception,
the commanded one follows the actions handed to the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract import arm as arms
from vla_gym.contract import joints
from vla_gym.contract.arm import ArmConverter
from vla_gym.contract.cartesian import Poses
from vla_gym.contract.frames import Pose, Vector
from vla_gym.contract.issues import IssueList
from vla_gym.contract.joints import JointConverter, Positions
from vla_gym.contract.spec import (
    ActionSpec,
    BaseSpec,
    EnvContract,
    JointsSpec,
    PartSpec,
    PolicySpec,
    TorsoSpec,
)

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Stance:
    """Where a robot is, or was told to be, as far as a conversion refers to it.

    Attributes:
        poses: Of end effectors, by arm.
        joints: Positions ``(n,)``, by arm.
    """

    poses: Mapping[str, Pose] = field(default_factory=dict)
    joints: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True)
class Stances:
    """What an action can refer to.

    Attributes:
        commanded: Last commanded.
        measured: Last observed.
    """

    commanded: Stance
    measured: Stance

    def poses(self, arm: str) -> Poses | None:
        """Return the poses of an arm, where they are known."""
        if arm not in self.measured.poses:
            return None
        return Poses(commanded=self.commanded.poses[arm], measured=self.measured.poses[arm])

    def positions(self, arm: str) -> Positions | None:
        """Return the joints' positions of an arm, where they are known."""
        if arm not in self.measured.joints:
            return None
        return Positions(self.commanded.joints[arm], self.measured.joints[arm])


NOWHERE = Stances(Stance(), Stance())
"""For conversions that refer to nothing."""


@dataclass(frozen=True)
class ScaleConverter:
    """Numbers that are picked and scaled: of a base or a torso.

    Attributes:
        source: The part of the source.
        target: The part of the target.
        order: For each number of the target its place in the source.
        scale: What each is multiplied with ``(n,)``.
    """

    source: PartSpec
    target: PartSpec
    order: tuple[int, ...]
    scale: tuple[float, ...]

    @property
    def identity(self) -> bool:
        """Whether numbers pass untouched."""
        return self.order == tuple(range(len(self.order))) and set(self.scale) == {1.0}

    def convert(self, values: Array) -> Array:
        """Return ``(n,)`` in the target's terms."""
        picked = values[list(self.order)]
        return picked if self.identity else picked.astype(np.float64) * np.array(self.scale)

    def describe(self) -> str:
        """Return the conversion in words."""
        return "identity" if self.identity else "scale"


@dataclass(frozen=True)
class Motion:
    """The conversion of all parts but the grippers.

    Attributes:
        source: The action that comes.
        target: The action that is wanted.
        arms: Translations and rotations, by arm.
        joints: Joints, by arm.
        scales: Base and torso, by name of the part.
    """

    source: ActionSpec
    target: ActionSpec
    arms: Mapping[str, ArmConverter]
    joints: Mapping[str, JointConverter]
    scales: Mapping[str, ScaleConverter]
    _from: Mapping[str, slice] = field(init=False, repr=False, compare=False)
    _to: Mapping[str, slice] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find out once where the parts lie."""
        object.__setattr__(self, "_from", self.source.slices)
        object.__setattr__(self, "_to", self.target.slices)

    @property
    def identity(self) -> bool:
        """Whether all numbers pass untouched and in their places."""
        members: list[ArmConverter | JointConverter | ScaleConverter] = [*self.arms.values()]
        members += [*self.joints.values(), *self.scales.values()]
        same = list(self._from.items()) == list(self._to.items())
        return same and all(member.identity for member in members)

    @property
    def needs_stance(self) -> bool:
        """Whether the observation is needed."""
        arms = any(arm.reader is not None for arm in self.arms.values())
        return arms or any(joint.reader is not None for joint in self.joints.values())

    def measured(self, proprioception: npt.NDArray[Any]) -> Stance:
        """Return where the robot is, as far as the conversion refers to it.

        Raises:
            ValueError: Numbers that are no rotation.
        """
        return Stance(
            {n: arm.reader(proprioception) for n, arm in self.arms.items() if arm.reader},
            {n: part.reader(proprioception) for n, part in self.joints.items() if part.reader},
        )

    def convert(self, row: Array, stances: Stances, out: Array) -> None:
        """Write what an action ``(a,)`` of the source is into ``out``, one of the target.

        Raises:
            ValueError: Numbers that are no rotation, or a stance that is missing.
        """
        for name, arm in self.arms.items():
            poses = stances.poses(name)
            for part in arm.parts():
                values = row[self._from[part.source.name]]
                out[self._to[part.target.name]] = part.convert(values, poses)
        for name, joint in self.joints.items():
            values = row[self._from[joint.source.name]]
            place = self._to[joint.target.name]
            out[place] = joint.convert(values, stances.positions(name))
        for scale in self.scales.values():
            values = row[self._from[scale.source.name]]
            out[self._to[scale.target.name]] = scale.convert(values)

    def advance(self, row: Array, stances: Stances) -> Stance:
        """Return the stance commanded after the environment got an action of its own ``(a,)``."""
        moved, bent = {}, {}
        for name, arm in self.arms.items():
            if (poses := stances.poses(name)) is not None:
                numbers = {p.target.kind: row[self._to[p.target.name]] for p in arm.parts()}
                moved[name] = arm.advance(
                    numbers.get("translation"), numbers.get("rotation"), poses
                )
        for name, joint in self.joints.items():
            if (positions := stances.positions(name)) is not None:
                bent[name] = joint.advance(row[self._to[joint.target.name]], positions)
        return Stance(moved, bent)

    def backwards(self, stance: Stance) -> Stance:
        """Return a stance in the terms of the conversion from the target to the source."""
        bent = {name: self.joints[name].as_source(where) for name, where in stance.joints.items()}
        return Stance(stance.poses, bent)

    def describe(self) -> dict[str, str]:
        """Return the conversions by part of the environment."""
        words = {
            part.target.name: part.way.value for arm in self.arms.values() for part in arm.parts()
        }
        words |= {joint.target.name: joint.describe() for joint in self.joints.values()}
        return words | {name: scale.describe() for name, scale in self.scales.items()}


def plan(policy: PolicySpec, env: EnvContract, issues: IssueList) -> Motion:
    """Return the conversion between two actions; add what does not fit."""
    source, target = policy.action, env.action
    _check_same_parts(source, target, issues)
    both = [name for name in source.arms if name in target.arms]
    bent = {}
    for part in source.of(JointsSpec):
        other = target.find(JointsSpec, part.arm)
        made = joints.plan(part, other, policy, env, issues) if other else None
        if made is not None:
            bent[part.arm] = made
    return Motion(
        source=source,
        target=target,
        arms={name: arms.plan(name, policy, env, issues) for name in both},
        joints=bent,
        scales=_scales(source, target, issues),
    )


def _check_same_parts(source: ActionSpec, target: ActionSpec, issues: IssueList) -> None:
    mine, theirs = set(source.slices), set(target.slices)
    for name in sorted(theirs - mine):
        issues.error(
            "missing_part",
            f"The environment takes {name!r} and the policy does not give it (it gives "
            f"{', '.join(source.slices)}).",
            "use a policy made for this robot",
        )
    for name in sorted(mine - theirs):
        issues.error(
            "extra_part",
            f"The policy gives {name!r} and the environment does not take it (it takes "
            f"{', '.join(target.slices)}).",
            "use an environment with this part, or a policy without it",
        )


def _scales(source: ActionSpec, target: ActionSpec, issues: IssueList) -> dict[str, ScaleConverter]:
    found = {}
    for part in source.parts:
        other = target.find(type(part), part.arm)
        made = None
        if isinstance(part, BaseSpec) and isinstance(other, BaseSpec):
            made = _base(part, other, issues)
        elif isinstance(part, TorsoSpec) and isinstance(other, TorsoSpec):
            made = _torso(part, other, issues)
        if made is not None:
            found[part.name] = made
    return found


def _base(source: BaseSpec, target: BaseSpec, issues: IssueList) -> ScaleConverter | None:
    if set(source.axes) != set(target.axes):
        issues.error(
            "base_axes",
            f"The policy drives {list(source.axes)}, the environment's base has "
            f"{list(target.axes)}.",
            "use a policy made for this base",
        )
        return None
    linear = source.meters_per_second / target.meters_per_second
    angular = source.radians_per_second / target.radians_per_second
    scale = tuple(angular if axis == "yaw" else linear for axis in target.axes)
    return ScaleConverter(
        source, target, tuple(source.axes.index(axis) for axis in target.axes), scale
    )


def _torso(source: TorsoSpec, target: TorsoSpec, issues: IssueList) -> ScaleConverter | None:
    if source.mode is not target.mode:
        issues.error(
            "torso_mode",
            f"The policy's torso is {source.mode.value}, the environment's {target.mode.value}.",
            "use a policy with the environment's mode",
        )
        return None
    return ScaleConverter(source, target, (0,), (source.meters_per_unit / target.meters_per_unit,))
