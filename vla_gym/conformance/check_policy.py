"""``check_policy``: does a policy keep the contract? For plugin authors and our own tests.

A policy must give each slot the same actions whoever else is in the batch, in whatever order and
under whatever slot number; and a reset must forget. Otherwise a score depends on the number of
workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.conformance.report import Report, difference, expect, run_checks
from vla_gym.contract import ensemble, normalization
from vla_gym.contract.issues import IssueList
from vla_gym.contract.policy import Batch, Chunk, Policy, Slot
from vla_gym.contract.spec import PolicySpec
from vla_gym.errors import OptionError

Array = npt.NDArray[np.floating[Any]]


def sample_batch(
    spec: PolicySpec,
    slots: Sequence[Slot],
    rng: np.random.Generator,
    *,
    infos: Sequence[Mapping[str, Any]] = (),
) -> Batch:
    """Return random observations that a policy may be asked about.

    Args:
        spec: Says which pictures and numbers.
        slots: Whose observations they are.
        rng: Source of the random numbers.
        infos: Mappings with the privileged names, one per slot (repeated as needed).
    """
    count = len(slots)
    pictures = {
        role: rng.integers(0, 256, size=(count, camera.height, camera.width, 3), dtype=np.uint8)
        for role, camera in spec.cameras.items()
    }
    size = sum(entry.size for entry in spec.proprioception)
    chosen = [infos[index % len(infos)] if infos else {} for index in range(count)]
    return Batch(
        slots=tuple(slots),
        images=pictures,
        proprioception=rng.uniform(-1, 1, size=(count, size)).astype(np.float32),
        instructions=tuple(f"do thing number {rng.integers(100)}" for _ in range(count)),
        infos=tuple({name: info[name] for name in spec.privileged} for info in chosen),
    )


@dataclass(frozen=True)
class Trial:
    """How much a policy is asked.

    Attributes:
        steps: Calls of ``act`` per episode.
        slots: Episodes at once.
        seed: Of the random observations.
    """

    steps: int = 3
    slots: int = 4
    seed: int = 0


@dataclass
class _Context:
    """The policy under test and the observations it is asked about."""

    policy: Policy
    infos: Sequence[Mapping[str, Any]]
    trial: Trial
    tolerance: float
    slot_facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> PolicySpec:
        return self.policy.spec

    def slots(self, *, first: int = 0) -> tuple[Slot, ...]:
        """Return the same episodes under slot numbers that begin at ``first``."""
        return tuple(
            Slot(first + i, seed=100 + i, episode=i, **self.slot_facts)
            for i in range(self.trial.slots)
        )

    def batches(self, slots: Sequence[Slot]) -> list[Batch]:
        """Return one batch per step, always the same observations."""
        rng = np.random.default_rng(self.trial.seed)
        return [
            sample_batch(self.spec, slots, rng, infos=self.infos) for _ in range(self.trial.steps)
        ]

    def together(self, slots: Sequence[Slot]) -> list[Array]:
        """Return the actions ``(B, chunk, n)`` of each step, all slots in one batch."""
        self.policy.reset(slots)
        return [self.act(batch) for batch in self.batches(slots)]

    def act(self, batch: Batch) -> Array:
        """Return a copy of the actions for a batch."""
        return np.array(Chunk.of(self.policy.act(batch)).actions)

    def expect_same(self, one: Sequence[Array], other: Sequence[Array], what: str) -> None:
        """Fail unless two lists of actions are equal (within the tolerance)."""
        for step, (first, second) in enumerate(zip(one, other, strict=True)):
            gap = float(np.abs(first - second).max(initial=0)) if first.size else 0.0
            same = np.array_equal(first, second) or gap <= self.tolerance
            expect(same, f"{what} (step {step}, by up to {gap:.3g})")


def check_policy(
    policy: Policy,
    *,
    infos: Sequence[Mapping[str, Any]] = (),
    environment: str = "",
    env_kwargs: Mapping[str, Any] | None = None,
    trial: Trial = Trial(),
    tolerance: float = 0.0,
) -> Report:
    """Check a policy against the contract, on random observations.

    Args:
        policy: An instance; its slots are reset.
        infos: Samples of ``info`` for policies that read privileged names.
        environment: Gymnasium id that the slots name.
        env_kwargs: Its keyword arguments that the slots name.
        trial: How much it is asked.
        tolerance: Difference allowed where equality is asked. 0 is the contract; networks whose
            kernels depend on the batch size need a little.

    Returns:
        The report, when everything passed.

    Raises:
        CheckFailed: Listing all checks that failed.
        OptionError: When ``infos`` is missing for a policy that reads privileged names.
    """
    spec = getattr(policy, "spec", None)
    if isinstance(spec, PolicySpec) and spec.privileged and not infos:
        raise OptionError(
            f"The policy reads {list(spec.privileged)}: pass infos=[...] with samples of them."
        )
    facts = {"environment": environment, "env_kwargs": env_kwargs or {}}
    context = _Context(policy, infos, trial, tolerance, facts)
    return run_checks(type(policy).__name__, CHECKS, context)


def _spec_is_valid(context: _Context) -> None:
    expect(isinstance(context.policy, Policy), "a policy has spec, reset and act")
    expect(
        isinstance(context.spec, PolicySpec),
        f"spec is {type(context.spec).__name__}, expected PolicySpec",
    )
    issues = IssueList()
    normalization.check(context.spec, issues)
    ensemble.check(context.spec, issues)
    wrong = [issue for issue in issues if issue.severity == "error"]
    expect(not wrong, " ".join(str(issue) for issue in wrong))


def _actions_are_well_formed(context: _Context) -> None:
    slots = context.slots()
    context.policy.reset(slots)
    for batch in context.batches(slots):
        chunk = Chunk.of(context.policy.act(batch))
        _expect_floats(context, chunk.actions)
        if chunk.intended is not None:
            _expect_floats(context, chunk.intended)
        if chunk.demonstrates is not None:
            shape = chunk.demonstrates.shape
            expect(
                shape == (context.trial.slots, context.spec.chunk),
                f"demonstrates has shape {shape}",
            )


def _fingerprint_stays(context: _Context) -> None:
    before = getattr(context.policy, "fingerprint", "")
    expect(isinstance(before, str), f"fingerprint is {before!r}, expected a digest (str)")
    slots = context.slots()
    context.policy.reset(slots)
    context.policy.act(context.batches(slots)[0])
    after = getattr(context.policy, "fingerprint", "")
    expect(after == before, f"fingerprint was {before!r} and is {after!r} after acting")


def _expect_floats(context: _Context, actions: Any) -> None:
    wanted = (context.trial.slots, context.spec.chunk, context.spec.action.size)
    kind = getattr(actions, "dtype", type(actions).__name__)
    expect(
        isinstance(actions, np.ndarray) and actions.dtype.kind == "f",
        f"act returned {kind}, expected a numpy array of floats",
    )
    expect(actions.shape == wanted, f"act returned {actions.shape}, expected {wanted}")
    expect(bool(np.isfinite(actions).all()), "act returned NaN or infinity")


def _batch_equals_one_at_a_time(context: _Context) -> None:
    slots = context.slots()
    together = context.together(slots)
    context.policy.reset(slots)
    for index in range(context.trial.slots):
        alone = [context.act(_part(batch, [index])) for batch in context.batches(slots)]
        expected = [actions[index : index + 1] for actions in together]
        context.expect_same(expected, alone, "actions differ between a batch and one slot alone")


def _order_does_not_matter(context: _Context) -> None:
    slots = context.slots()
    together = context.together(slots)
    context.policy.reset(slots[::-1])
    order = list(range(context.trial.slots))[::-1]
    turned = [context.act(_part(b, order))[::-1] for b in context.batches(slots)]
    context.expect_same(together, turned, "actions depend on the order in the batch")


def _number_of_slots_does_not_matter(context: _Context) -> None:
    slots = context.slots()
    together = context.together(slots)
    few = list(range((context.trial.slots + 1) // 2))
    context.policy.reset([slots[index] for index in few])
    fewer = [context.act(_part(b, few)) for b in context.batches(slots)]
    expected = [actions[: len(few)] for actions in together]
    context.expect_same(expected, fewer, "actions depend on the number of slots")
    moved = context.together(context.slots(first=50))
    context.expect_same(together, moved, "actions depend on the number of the slot")


def _reset_forgets(context: _Context) -> None:
    slots = context.slots()
    first = context.together(slots)
    again = context.together(slots)
    context.expect_same(first, again, "actions after reset depend on what was before")


def _reset_touches_its_slots_only(context: _Context) -> None:
    slots = context.slots()
    together = context.together(slots)
    context.policy.reset(slots)
    actions = []
    for batch in context.batches(slots):
        actions.append(context.act(batch)[1:])
        context.policy.reset(slots[:1])
    expected = [chunk[1:] for chunk in together]
    context.expect_same(expected, actions, "resetting one slot changes the others")


def _batches_are_left_alone(context: _Context) -> None:
    slots = context.slots()
    context.policy.reset(slots)
    returned: list[tuple[Array, Array]] = []
    for batch, kept in zip(context.batches(slots), context.batches(slots), strict=True):
        actions = Chunk.of(context.policy.act(batch)).actions
        returned.append((actions, actions.copy()))
        found = difference(
            (batch.images, batch.proprioception, batch.infos),
            (kept.images, kept.proprioception, kept.infos),
        )
        expect(not found, f"act changed the batch: {found}")
    unchanged = all(np.array_equal(actions, copy) for actions, copy in returned)
    expect(unchanged, "a later call of act changed actions returned earlier")


def _part(batch: Batch, order: Sequence[int]) -> Batch:
    """Return the batch of some slots only, in another order."""
    chosen = list(order)
    return replace(
        batch,
        slots=tuple(batch.slots[index] for index in chosen),
        images={role: pictures[chosen] for role, pictures in batch.images.items()},
        proprioception=batch.proprioception[chosen],
        instructions=tuple(batch.instructions[index] for index in chosen),
        infos=tuple(batch.infos[index] for index in chosen),
    )


CHECKS: tuple[tuple[str, Callable[[_Context], None]], ...] = (
    ("spec", _spec_is_valid),
    ("actions", _actions_are_well_formed),
    ("batch", _batch_equals_one_at_a_time),
    ("order", _order_does_not_matter),
    ("slots", _number_of_slots_does_not_matter),
    ("reset", _reset_forgets),
    ("reset_one", _reset_touches_its_slots_only),
    ("batch_unchanged", _batches_are_left_alone),
    ("fingerprint", _fingerprint_stays),
)
