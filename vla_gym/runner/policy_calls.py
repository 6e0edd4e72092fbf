"""Calling the policy, and believing nothing that it returns.

What goes wrong here is the policy's fault and stops the run: the message names the policy, the
episodes it was working on and what was expected. Numbers that are not finite are found by the
worker's adapter and cost their episode only.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_gym.contract.policy import Batch, Chunk, Policy, PolicyInput, Slot
from vla_gym.error_text import summary
from vla_gym.errors import PolicyCallError, PolicyError, Scope, reach
from vla_gym.policies.checked import policy_spec
from vla_gym.runner.frames import Images
from vla_gym.runner.messages import Request
from vla_gym.runner.policy_watch import PolicyWatch
from vla_gym.suites.spec import EpisodeSpec

CALL_ATTEMPTS = 3
"""How often a call is made whose error says that it may be made again (``RequestError``)."""


@dataclass(frozen=True)
class Asked:
    """One slot that waits for actions of one of the policies."""

    policy: int
    slot: Slot
    request: Request
    images: Images


def slot_seed(seed: int, episode: int, subtask: int) -> int:
    """Return the seed of a policy's random numbers, 32 bits, a function of its arguments alone."""
    text = f"{seed}/{episode}/{subtask}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "little")


def make_slot(number: int, spec: EpisodeSpec, episode: int, subtask: int) -> Slot:
    """Return the slot of a sub-task of an episode."""
    return Slot(
        number,
        seed=slot_seed(spec.seed, episode, subtask),
        episode=episode,
        subtask=subtask,
        environment=spec.env_id,
        env_kwargs=spec.env_kwargs,
    )


class Actor:
    """Calls the policies of a run and checks their answers.

    There is one policy, or one for each of several environments.
    """

    def __init__(
        self, policies: Sequence[Policy], name: str, watch: PolicyWatch | None = None
    ) -> None:
        """Speak for ``policies``, each of which messages call ``name``; ``watch`` their calls."""
        seen_by = watch or PolicyWatch(None)
        self._members = [_Member(policy, name, seen_by) for policy in policies]

    def reset(self, policy: int, slots: Sequence[Slot]) -> None:
        """Let a policy forget these slots."""
        self._members[policy].reset(slots)

    def act(self, asked: Sequence[Asked]) -> list[Chunk]:
        """Return the checked chunk ``(chunk, action size)`` of each slot, in the same order."""
        chunks: dict[int, Chunk] = {}
        for number, member in enumerate(self._members):
            rows = [row for row, one in enumerate(asked) if one.policy == number]
            if rows:
                answers = member.act([asked[row] for row in rows])
                chunks.update(zip(rows, answers, strict=True))
        return [chunks[row] for row in range(len(asked))]


class _Member:
    """One policy."""

    def __init__(self, policy: Policy, name: str, watch: PolicyWatch) -> None:
        self._policy, self._name, self._watch = policy, name, watch
        spec = policy_spec(policy, name)
        self._expected = (spec.chunk, spec.action.size)

    def reset(self, slots: Sequence[Slot]) -> None:
        self._call("reset", slots, lambda: self._policy.reset(slots))

    def act(self, asked: Sequence[Asked]) -> list[Chunk]:
        batch = make_batch(asked)
        answer = self._call("act", batch.slots, lambda: self._policy.act(batch))
        checked = self._checked(answer, batch.slots)
        return [checked[row] for row in range(len(batch))]

    def _call(self, method: str, slots: Sequence[Slot], call: Callable[[], Any]) -> Any:
        """Return what a call of the policy returns; one that may be made again is.

        Raises:
            PolicyCallError: Whatever it raised. ``SystemExit`` counts: a policy does not end the
                run as if it had succeeded. ``KeyboardInterrupt`` passes, it is the user's.
        """
        for attempt in range(1, CALL_ATTEMPTS + 1):
            try:
                with self._watch.call(f"{method}() of policy {self._name!r}{_during(slots)}"):
                    return call()
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                again = reach(error) == (Scope.REQUEST, True)
                if not again or attempt == CALL_ATTEMPTS:
                    raise self._raised(error, method, slots) from error
        raise AssertionError("unreachable")

    def _checked(self, answer: Any, slots: Sequence[Slot]) -> Chunk:
        chunk = Chunk.of(answer)
        self._check_floats(chunk.actions, slots)
        if chunk.intended is not None:
            self._check_floats(chunk.intended, slots)
        shown, expected = chunk.demonstrates, (len(slots), self._expected[0])
        kind = getattr(getattr(shown, "dtype", None), "kind", None)
        if shown is not None and (kind != "b" or shown.shape != expected):
            raise PolicyCallError(
                f"Policy {self._name!r} returned demonstrates={shown!r}{_during(slots)}; expected "
                f"a numpy array of bool of shape {expected} (batch, chunk)."
            )
        return chunk

    def _check_floats(self, chunks: Any, slots: Sequence[Slot]) -> None:
        expected = (len(slots), *self._expected)
        kind = getattr(getattr(chunks, "dtype", None), "kind", None)
        if not isinstance(chunks, np.ndarray) or kind != "f":
            got = f"{type(chunks).__name__} of {getattr(chunks, 'dtype', 'no dtype')}"
            raise PolicyCallError(
                f"Policy {self._name!r} returned {got}{_during(slots)}; expected a numpy array of "
                f"floats of shape {expected} (batch, chunk, action size)."
            )
        if chunks.shape != expected:
            raise PolicyCallError(
                f"Policy {self._name!r} returned actions of shape {chunks.shape}{_during(slots)}; "
                f"expected {expected} (batch, chunk, action size), as its spec says."
            )

    def _raised(self, error: BaseException, method: str, slots: Sequence[Slot]) -> PolicyError:
        # One that says to try again, and never has an answer, has none for other episodes either.
        kind = PolicyError if reach(error)[0] is Scope.REQUEST else PolicyCallError
        return kind(f"Policy {self._name!r} raised in {method}(){_during(slots)}: {summary(error)}")


def close_policy(name: str, policy: Policy) -> None:
    """Close a policy that wants to be; that it fails is said, and costs no result."""
    try:
        getattr(policy, "close", lambda: None)()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        print(f"Closing policy {name!r} failed: {summary(error)}", file=sys.stderr)


def make_batch(asked: Sequence[Asked]) -> Batch:
    """Return the observations of several slots as one batch; pictures are copied."""
    return Batch.of(
        [one.slot for one in asked],
        [
            PolicyInput(
                images=one.images,
                proprioception=one.request.proprioception,
                instruction=one.request.instruction,
                info=one.request.info,
            )
            for one in asked
        ],
    )


def _during(slots: Sequence[Slot]) -> str:
    episodes = ", ".join(str(slot.episode) for slot in slots[:8])
    more = f" and {len(slots) - 8} more" if len(slots) > 8 else ""
    return f" (episode {episodes}{more})" if len(slots) == 1 else f" (episodes {episodes}{more})"
