"""What a policy would have had to say: ``adapt`` backwards, for the labels of a training.

A data set is a world that was recorded. ``invert`` decides from the two specs, as ``adapt`` does
before an evaluation, and with the same coded issues; its ``LabelConverter`` turns what was done in
an episode into what the policy has to say so that an evaluation does the same. Where no label leads
back to what was recorded, it is the nearest one and ``Labels.exact`` is false: half-closed fingers
for a policy that only opens and closes, or a push that lasted longer than the policy repeats one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract import inverse_gripper, motion
from vla_gym.contract.adapter import Adapter, adapt
from vla_gym.contract.cartesian import read_turn
from vla_gym.contract.issues import IncompatibleError, Issue, IssueList
from vla_gym.contract.motion import NOWHERE, Motion, Stance, Stances
from vla_gym.contract.spec import (
    ActionSpec,
    EnvContract,
    Execution,
    GripperSpec,
    PolicySpec,
    RotationSpec,
)
from vla_gym.errors import ActionError

Floats = npt.NDArray[np.floating[Any]]
Wide = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RELATIVE, LEAST = 1e-4, 1e-6
"""Numbers that differ by less are equal: they were stored as float32."""


@dataclass(frozen=True)
class Labels:
    """What a policy learns of an episode of T frames.

    Attributes:
        actions: float64 ``(T, a)``, in the policy's terms.
        exact: bool ``(T,)``: they lie within the policy's limits, and converted for the
            environment they are what was recorded (to rounding).
    """

    actions: Wide
    exact: Bools


@dataclass(frozen=True)
class LabelConverter:
    """From a recorded episode to what a policy learns of it; made by ``invert``.

    Attributes:
        forward: What an evaluation of the policy would do, one action at a time.
        backward: All but the grippers the other way round, from the recorded world's terms to the
            policy's.
        warnings: What cannot be learned exactly.
    """

    forward: Adapter
    backward: Motion
    warnings: tuple[Issue, ...]

    def __call__(
        self, actions: Floats, proprioception: Floats, *, executed: Floats | None = None
    ) -> Labels:
        """Return the labels of an episode.

        Args:
            actions: What is to be learned ``(T, a)``, in the recorded world's terms.
            proprioception: Measured before each of them, ``(T, n)``.
            executed: What was executed, where that is something else; the commanded pose follows
                it.

        Raises:
            ActionError: Numbers that are no rotation; names the frame.
        """
        wide = actions.astype(np.float64)
        labels = np.empty((len(wide), self.forward.policy.action.size))
        again = np.empty_like(wide)
        self._move(wide, proprioception, wide if executed is None else executed, labels, again)
        for arm, gripper in self.forward.grippers.items():
            mine = self.forward.policy.action.place(GripperSpec, arm).start
            theirs = self.forward.env.action.place(GripperSpec, arm).start
            labels[:, mine] = inverse_gripper.policy_numbers(wide[:, theirs], gripper)
            again[:, theirs] = inverse_gripper.forward(labels[:, mine], gripper)
        equal = _equal(wide, again, self.forward.env.action)
        return Labels(labels, equal & _within(labels, self.forward.policy.action))

    def _move(
        self, actions: Wide, states: Floats, executed: Floats, labels: Wide, again: Wide
    ) -> None:
        """Fill in the labels of all but the grippers, and what they become.

        What was commanded begins as what was measured and follows what was executed.
        """
        forward = self.forward.motion
        commanded: Stance | None = None
        for frame, row in enumerate(actions):
            try:
                stances = NOWHERE
                if forward.needs_stance:
                    measured = forward.measured(states[frame])
                    stances = Stances(commanded=commanded or measured, measured=measured)
                    commanded = forward.advance(executed[frame], stances)
                turned = Stances(
                    forward.backwards(stances.commanded), forward.backwards(stances.measured)
                )
                self.backward.convert(row, turned, labels[frame])
                forward.convert(labels[frame], stances, again[frame])
            except ValueError as error:
                raise ActionError(f"frame {frame}: {error}") from None


def invert(policy: PolicySpec, world: EnvContract, *, name: str = "") -> LabelConverter:
    """Return what turns recorded actions of a world into labels of a policy.

    Args:
        policy: What it sees and says; its normalisation and the environments it is bound to do not
            matter.
        world: What was recorded.
        name: Of the data set, for messages.

    Raises:
        IncompatibleError: With all issues, when the policy cannot learn from it: those of
            ``adapt``, and ``inverse_gripper``.
    """
    changes = {"normalization": None, "environments": ()}
    forward = adapt(policy.model_copy(update=changes), world, env_id=name)
    issues = IssueList(forward.warnings)
    for gripper in forward.grippers.values():
        inverse_gripper.check(gripper, issues)
    if any(issue.severity == "error" for issue in issues):
        raise IncompatibleError(issues, subject=name)
    hertz = {"control_hz": world.action.control_hz}  # who executes says how long a step is
    backward = motion.plan(
        policy.model_copy(update={"action": world.action, "execution": Execution.FIRST}),
        world.model_copy(update={"action": policy.action.model_copy(update=hertz)}),
        IssueList(),  # the same two specs: their issues are in ``forward``
    )
    return LabelConverter(forward, backward, tuple(issues))


def _equal(recorded: Wide, again: Wide, spec: ActionSpec) -> Bools:
    """Return where two episodes ``(T, a)`` mean the same; rotations may be written differently."""
    numbers = _close(recorded, again)
    for part in spec.of(RotationSpec):
        place = spec.slices[part.name]
        if not part.additive and not numbers[:, place].all():
            turns = [read_turn(rows[:, place], part) for rows in (recorded, again)]
            numbers[:, place] |= np.all(_close(*turns), axis=(1, 2))[:, np.newaxis]
    return np.asarray(np.all(numbers, axis=1))


def _within(labels: Wide, spec: ActionSpec) -> Bools:
    clipped = np.clip(labels, np.array(spec.low), np.array(spec.high))
    return np.asarray(np.all(_close(clipped, labels), axis=1))


def _close(one: Wide, other: Wide) -> Bools:
    """Return where numbers are equal to rounding; NaN equals nothing."""
    return np.asarray(np.abs(one - other) <= LEAST + RELATIVE * np.abs(one))
