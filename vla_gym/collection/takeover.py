"""Two policies, one after the other: the second takes over where the first has got to.

That is how interventions are collected (DAgger; Ross et al. 2011): demonstrations that begin where
chains of a learned policy end, or where it is stuck, which is where it needs them (what a trial
found to be the bottleneck; ``docs/training.md``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from vla_gym.contract.adapter import Adapter, EpisodeAdapter, adapt
from vla_gym.contract.policy import Batch, Chunk, Policy, Slot
from vla_gym.contract.spec import EnvContract, PolicySpec
from vla_gym.errors import OptionError
from vla_gym.policies.ref import make_policy
from vla_gym.schema import Record

Actions = npt.NDArray[np.floating[Any]]


@dataclass
class _Turn:
    """What one slot is at.

    Attributes:
        member: 0 for the first policy, 1 for the second.
        slot: As the sub-task began.
        waiting: Actions in the environment's terms that are still to be executed, and what was
            intended.
        given: How many of the last chunk were.
        steps: How many were in this sub-task.
    """

    member: int
    adapter: EpisodeAdapter
    slot: Slot
    waiting: deque[tuple[Actions, Actions]] = field(default_factory=deque)
    given: int = 0
    steps: int = 0


class TakeoverOptions(Record):
    """What may be set.

    Attributes:
        first: Registered name or policy file of the policy that begins.
        then: Likewise of the one that takes over.
        after: How many sub-tasks the first one does whole.
        steps: How many steps it may try each of the others.
        first_options: Options of the first.
        then_options: Options of the second.
    """

    first: str
    then: str
    after: int = Field(default=1, ge=0)
    steps: int = Field(default=0, ge=0)
    first_options: Mapping[str, Any] = Field(default_factory=dict)
    then_options: Mapping[str, Any] = Field(default_factory=dict)


def make_takeover(options: TakeoverOptions, *, env_contract: EnvContract) -> TakeoverPolicy:
    """Return the policy that ``vla-gym --policy takeover`` names."""
    return TakeoverPolicy(
        make_policy(options.first, env_contract=env_contract, options=options.first_options),
        make_policy(options.then, env_contract=env_contract, options=options.then_options),
        env_contract=env_contract,
        after=options.after,
        steps=options.steps,
    )


class TakeoverPolicy:
    """Lets ``first`` do the first sub-tasks of a chain, or steps of each, and ``then`` the others.

    Args:
        first: The policy that begins.
        then: The one that takes over.
        env_contract: Where they act.
        after: How many sub-tasks the first one does whole.
        steps: How many steps it may try each of the others.
    """

    def __init__(
        self,
        first: Policy,
        then: Policy,
        *,
        env_contract: EnvContract,
        after: int = 1,
        steps: int = 0,
    ) -> None:
        if after < 0 or steps < 0 or after + steps == 0:
            raise OptionError(
                f"after={after}, steps={steps}: expected at least 1 sub-task for the first policy, "
                "or 1 step of each."
            )
        self._after, self._steps, self._env = after, steps, env_contract
        self._members = [first, then]
        self._adapters: list[Adapter | None] = [None, None]
        self._turns: dict[int, _Turn] = {}

    @property
    def spec(self) -> PolicySpec:
        """The environment's own cameras, state and actions, one at a time."""
        specs = [member.spec for member in self._members]
        seen = {role for spec in specs for role in spec.cameras}
        bound = [set(spec.environments) for spec in specs if spec.environments]
        return PolicySpec(
            cameras={role: c for role, c in self._env.cameras.items() if role in seen},
            proprioception=self._env.proprioception,
            action=self._env.action,
            privileged=tuple(sorted({name for spec in specs for name in spec.privileged})),
            environments=tuple(sorted(set.intersection(*bound))) if bound else (),
        )

    @property
    def fingerprint(self) -> str:
        """Those of both."""
        return " ".join(getattr(member, "fingerprint", "") for member in self._members).strip()

    def reset(self, slots: Sequence[Slot]) -> None:
        """Begin a sub-task; whoever takes over is told that an episode begins."""
        for slot in slots:
            member = int(slot.subtask >= self._after and not self._steps)
            turn = self._turns.get(slot.id)
            begins = slot.subtask == (self._after if member else 0)
            if turn is None or turn.member != member or begins:
                self._take_over(member, slot)
                continue
            turn.adapter.executed(turn.given)
            turn.adapter.reset()
            turn.waiting.clear()
            turn.slot, turn.given, turn.steps = slot, 0, 0
            self._members[member].reset([slot])

    def act(self, batch: Batch) -> Chunk:
        """Return the next action of each slot, ``(B, 1, a)``; those of the second demonstrate."""
        turns = [self._turns[slot.id] for slot in batch.slots]
        for turn in turns:
            self._take_over_if_due(turn)
        turns = [self._turns[slot.id] for slot in batch.slots]
        for member in (0, 1):
            asked = [r for r, t in enumerate(turns) if t.member == member and not t.waiting]
            if asked:
                self._ask(member, batch, asked)
        # Whoever acts: an environment computes in the type of its actions.
        pairs = np.array([self._next(turn) for turn in turns], np.float64)
        shown = np.array([[turn.member == 1] for turn in turns])
        return Chunk(pairs[:, :1], intended=pairs[:, 1:], demonstrates=shown)

    def _ask(self, member: int, batch: Batch, rows: Sequence[int]) -> None:
        turns = [self._turns[batch.slots[row].id] for row in rows]
        observations = [_observation(batch, row) for row in rows]
        seen = [
            turn.adapter.observation(observation, batch.infos[row])
            for turn, observation, row in zip(turns, observations, rows, strict=True)
        ]
        answer = self._members[member].act(Batch.of([batch.slots[row] for row in rows], seen))
        chunks = Chunk.of(answer)
        for row, (turn, observation) in enumerate(zip(turns, observations, strict=True)):
            chunk = turn.adapter.convert(chunks[row], observation)
            meant = chunk.actions if chunk.intended is None else chunk.intended
            turn.waiting.extend(zip(chunk.actions, meant, strict=True))
            turn.given = 0

    def _next(self, turn: _Turn) -> tuple[Actions, Actions]:
        turn.given += 1
        turn.steps += 1
        return turn.waiting.popleft()

    def _take_over_if_due(self, turn: _Turn) -> None:
        """Give the second policy a sub-task that the first one has tried for long enough."""
        late = turn.slot.subtask >= self._after and turn.steps >= self._steps
        if turn.member == 0 and late:
            self._take_over(1, turn.slot)

    def _take_over(self, member: int, slot: Slot) -> None:
        self._turns[slot.id] = _Turn(member, self._adapter(member, slot).start(), slot)
        self._members[member].reset([replace(slot, subtask=0)])  # an episode begins there

    def _adapter(self, member: int, slot: Slot) -> Adapter:
        found = self._adapters[member]
        if found is None:
            spec = self._members[member].spec
            found = self._adapters[member] = adapt(spec, self._env, env_id=slot.environment)
        return found


def _observation(batch: Batch, row: int) -> dict[str, Any]:
    return {
        "images": {role: pictures[row] for role, pictures in batch.images.items()},
        "proprioception": batch.proprioception[row],
        "instruction": batch.instructions[row],
    }
