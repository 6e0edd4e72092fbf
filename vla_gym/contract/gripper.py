"""The gripper number of an action, from a policy's meaning to an environment's.

Everything is expressed as opening (0 closed, 1 open) or, for relative grippers, as direction
(-1 towards closed, +1 towards open). State is a value that is passed in and out, so that a chunk
which stops early can be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import EnvContract, Execution, GripperSpec, Mode, PolicySpec
from vla_gym.errors import ActionError

TOLERANCE = 1e-6
CHANGE = 0.5
"""Change of the opening from which a relative gripper is told to move (half its range)."""


@dataclass(frozen=True)
class GripperState:
    """What has to be remembered between two actions.

    Attributes:
        opening: Opening wanted last, ``None`` before the first action.
        repeats: Further steps that ``direction`` is repeated.
        direction: Of the change being repeated.
        open_votes: Consecutive actions that wanted it open.
    """

    opening: float | None = None
    repeats: int = 0
    direction: float = 0.0
    open_votes: int = 0


@dataclass(frozen=True)
class GripperConverter:
    """Polarity, range, threshold, relative or absolute, sticky repeats.

    Attributes:
        policy: What the policy's number means.
        env: What the environment's number means.
    """

    policy: GripperSpec
    env: GripperSpec

    @property
    def binarizes(self) -> bool:
        """Whether only the two ends come out (of an absolute gripper)."""
        return self.policy.threshold is not None or self.policy.binary

    @property
    def identity(self) -> bool:
        """Whether numbers pass untouched."""
        same_ends = (self.policy.open, self.policy.closed) == (self.env.open, self.env.closed)
        plain = self.policy.threshold is None and self.policy.open_after == 1
        return same_ends and plain and self.policy.mode is self.env.mode and not self._sticky

    @property
    def _sticky(self) -> bool:
        return self.env.mode is Mode.DELTA and self.policy.sticky_repeat > 0

    def step(self, value: float, state: GripperState) -> tuple[float, GripperState]:
        """Return the environment's number for a policy's number.

        Raises:
            ActionError: When a number between the ends meets a binary gripper.
        """
        if self.policy.mode is Mode.ABSOLUTE and self.policy.binary:
            self._check_binary(value)
        if self.identity:
            return value, state
        if self.policy.mode is Mode.DELTA:
            return self._from_direction(direction_of(value, self.policy), state)
        opening, state = self._opening(value, state)
        if self.env.mode is Mode.ABSOLUTE:
            return self._place(opening), state
        previous = opening if state.opening is None else state.opening
        direction, state = self._stick(opening - previous, replace(state, opening=opening))
        return _from_direction(direction, self.env), state

    def describe(self) -> str:
        """Return the conversion in words."""
        if self.identity:
            return "identity"
        parts = [f"{self.policy.mode.value} to {self.env.mode.value}"]
        parts.append(f"open {self.policy.open:g} -> {self.env.open:g}")
        parts.append(f"closed {self.policy.closed:g} -> {self.env.closed:g}")
        if self.policy.threshold is not None:
            parts.append(f"threshold {self.policy.threshold:g}")
        if self.policy.open_after > 1:
            parts.append(f"opens after {self.policy.open_after} in a row")
        if self._sticky:
            parts.append(f"changes repeated {self.policy.sticky_repeat} steps")
        return ", ".join(parts)

    def _opening(self, value: float, state: GripperState) -> tuple[float, GripperState]:
        """Return the opening wanted by an absolute number, binarised where that is declared."""
        opening = (value - self.policy.closed) / (self.policy.open - self.policy.closed)
        if not self.binarizes:
            return opening, state
        limit = CHANGE
        if self.policy.threshold is not None:
            span = self.policy.open - self.policy.closed
            limit = (self.policy.threshold - self.policy.closed) / span
        votes = state.open_votes + 1 if opening > limit else 0
        return float(votes >= self.policy.open_after), replace(state, open_votes=votes)

    def _place(self, opening: float) -> float:
        if opening in (0.0, 1.0):
            return self.env.open if opening else self.env.closed
        return self.env.closed + opening * (self.env.open - self.env.closed)

    def _from_direction(self, direction: float, state: GripperState) -> tuple[float, GripperState]:
        if self.env.mode is Mode.DELTA:
            stuck, state = self._stick(direction, state)
            return _from_direction(stuck, self.env), state
        held = 1.0 if state.opening is None else state.opening
        opening = held if abs(direction) < CHANGE else float(direction > 0)
        return self._place(opening), replace(state, opening=opening)

    def _stick(self, direction: float, state: GripperState) -> tuple[float, GripperState]:
        """Repeat a change for ``sticky_repeat`` steps, its first step included."""
        if state.repeats > 0:
            return state.direction, replace(state, repeats=state.repeats - 1)
        if self.policy.sticky_repeat == 0 or abs(direction) <= CHANGE:
            return direction, state
        left = self.policy.sticky_repeat - 1
        return direction, replace(state, repeats=left, direction=direction)

    def _check_binary(self, value: float) -> None:
        span = abs(self.policy.open - self.policy.closed)
        ends = (self.policy.open, self.policy.closed)
        if self.policy.threshold is None and all(
            abs(value - end) > TOLERANCE * span for end in ends
        ):
            raise ActionError(
                f"gripper value {float(value)!r}: the policy declares a binary gripper, "
                f"{ends[0]:g} (open) or {ends[1]:g} (closed). "
                "Return one of these, or declare a threshold."
            )


def direction_of(value: Any, spec: GripperSpec) -> Any:
    """Return the direction of a relative gripper's number (or array), -1 closes to 1 opens."""
    return (2 * value - spec.open - spec.closed) / (spec.open - spec.closed)


def _from_direction(direction: float, spec: GripperSpec) -> float:
    if abs(direction) == 1.0:
        return spec.open if direction > 0 else spec.closed
    return (spec.open + spec.closed + direction * (spec.open - spec.closed)) / 2


def plan(policy: PolicySpec, env: EnvContract, issues: IssueList) -> dict[str, GripperConverter]:
    """Return the converters by arm, of grippers that both sides have; add what is undeclared."""
    found = {}
    for wanted in policy.action.of(GripperSpec):
        offered = env.action.find(GripperSpec, wanted.arm)
        if offered is not None:
            found[wanted.arm] = _plan_one(policy, wanted, offered, issues)
    return found


def _plan_one(
    policy: PolicySpec, wanted: GripperSpec, env: GripperSpec, issues: IssueList
) -> GripperConverter:
    converter = GripperConverter(wanted, env)
    _check_threshold(policy, converter, issues)
    if env.mode is Mode.DELTA and wanted.mode is Mode.ABSOLUTE and wanted.sticky_repeat == 0:
        issues.warning(
            "gripper_sticky",
            "An absolute gripper command drives a relative gripper for a single step per change.",
            "declare sticky_repeat in the policy's gripper spec (published values: 2 and 15)",
        )
    if env.mode is Mode.ABSOLUTE and wanted.mode is Mode.DELTA:
        issues.warning(
            "gripper_start",
            "A relative gripper drives an absolute one, which is taken to be open at first.",
            "let the policy command the gripper absolutely if it begins closed",
        )
    return converter


def _check_threshold(policy: PolicySpec, converter: GripperConverter, issues: IssueList) -> None:
    wanted, env = converter.policy, converter.env
    low, high = sorted((wanted.open, wanted.closed))
    if wanted.threshold is not None and not low <= wanted.threshold <= high:
        issues.error(
            "gripper_threshold",
            f"The gripper threshold {wanted.threshold:g} lies outside [{low:g}, {high:g}].",
            "give it in the policy's own gripper units",
        )
    averaged = wanted.binary and policy.execution is Execution.ENSEMBLE
    continuous = env.binary and env.mode is Mode.ABSOLUTE and not wanted.binary
    absolute = wanted.mode is Mode.ABSOLUTE
    if absolute and wanted.threshold is None and (continuous or averaged):
        issues.error(
            "gripper_threshold",
            "Only open or closed is allowed, and the policy's gripper is continuous (or averaged "
            "by ensembling) and declares no threshold.",
            "set threshold in the policy's gripper spec (0.5 or 0, in its own units)",
        )
    if wanted.open_after > 1 and not converter.binarizes:
        issues.error(
            "gripper_threshold",
            f"open_after={wanted.open_after} counts open decisions, and no threshold makes any.",
            "set threshold in the policy's gripper spec",
        )
