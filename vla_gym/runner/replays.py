"""Recorded episodes done again by the runner's workers, their results in order.

It is an ordinary run without a policy: the same processes, watchdog, replacement and attempts. Few
results are in memory at a time, because pictures of an episode are large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from vla_gym.errors import RunnerError
from vla_gym.records import EpisodeRecord, Executed
from vla_gym.replay.walk import Recorded, Visitor
from vla_gym.runner.batching import Batcher
from vla_gym.runner.engine import Engine, Work
from vla_gym.runner.evaluation import limits, worker_count, worker_pool
from vla_gym.runner.journal import Journal
from vla_gym.runner.messages import EnvBuilt, Replay, Replayed, Start
from vla_gym.runner.options import RunOptions
from vla_gym.runner.policy_calls import Actor
from vla_gym.suites.spec import Protocol, Suite

_ANY_RULE = Protocol(success="any")
"""A walk asks what happened, not whether it counts."""


def recorded(suite: Suite, journal: Journal, limit: int | None = None) -> Iterator[Recorded]:
    """Yield the episodes of a run that can be done again: those without an error."""
    for index, spec in islice(enumerate(suite.episodes), limit):
        record = journal.records[index]
        if record.error is None and (executed := journal.executed(index)) is not None:
            yield Recorded(index, spec, record, executed)


def replay_all(
    episodes: Sequence[Recorded],
    visitor: Callable[[Recorded], Visitor],
    deliver: Callable[[Recorded, Any], None],
    *,
    options: RunOptions,
    log: Path | None = None,
) -> None:
    """Do episodes again and deliver what visitors saw, in the order of the episodes.

    Args:
        episodes: What was recorded.
        visitor: Who looks at each.
        deliver: Is given each episode and what its visitor returned.
        options: How many workers, and how patient.
        log: Folder that gets what workers print.

    Raises:
        RunnerError: When an episode cannot be done again, or goes differently.
    """
    if not episodes:
        return
    count = worker_count(options.workers, len(episodes))
    specs = [episode.spec for episode in episodes]
    start = Start((), _ANY_RULE)
    with worker_pool(count, start, log, patience=options.watchdog) as workers:
        Engine(
            Work(specs, (), (), range(len(episodes))),
            actor=Actor((), "none"),
            workers=workers,
            recorder=InOrder(episodes, visitor, deliver),
            batcher=Batcher(size=1, wait=0.0),
            limits=limits(options),
        ).run()


class InOrder:
    """Hands over results in the order of the episodes; what comes early waits."""

    def __init__(
        self,
        episodes: Sequence[Recorded],
        visitor: Callable[[Recorded], Visitor],
        deliver: Callable[[Recorded, Any], None],
    ) -> None:
        """Wait for the first."""
        self._episodes, self._visitor, self._deliver = episodes, visitor, deliver
        self._early: dict[int, Any] = {}
        self._next = 0

    @property
    def waiting(self) -> int:
        """How many results came before their turn."""
        return len(self._early)

    def replay(self, episode: int) -> Replay:
        """Return what a worker needs."""
        found = self._episodes[episode]
        return Replay(
            episode, found.spec, found.record, found.executed.actions, self._visitor(found)
        )

    def replayed(self, message: Replayed) -> None:
        """Deliver what is due.

        Raises:
            RunnerError: When the episode went differently.
        """
        if message.problem:
            raise RunnerError(f"{message.problem}, so it is not recorded.")
        self._early[message.index] = message.result
        while self._next in self._early:
            result = self._early.pop(self._next)
            self._deliver(self._episodes[self._next], result)
            self._next += 1

    def replay_failed(self, episode: int, message: str) -> None:
        """Stop: what follows could not be recorded in order."""
        number = self._episodes[episode].index
        raise RunnerError(f"Episode {number} cannot be done again: {message}")

    def finished(self, record: EpisodeRecord, executed: Executed) -> bool:
        """Episodes are not run here."""
        raise NotImplementedError

    def environment(self, built: EnvBuilt) -> None:
        """It was described when the episodes were run."""

    def warn(self, text: str) -> None:
        """Nothing is recorded here."""
