"""Long-horizon chains: success at 1..n, average length, tasks and transitions.

An episode that ended in an error counts with the sub-tasks that it had solved before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vla_gym.records import EpisodeRecord, SubTaskRecord
from vla_gym.results.statistics import Mean, Rate, bounded_mean

AVERAGE = "avg_len"
START = ""


@dataclass(frozen=True)
class TaskRow:
    """How one sub-task went, over all episodes.

    Attributes:
        name: Of the sub-task.
        rate: Successes of attempts.
        steps: Mean number of environment steps of the successful attempts, ``None`` without any.
    """

    name: str
    rate: Rate
    steps: float | None


@dataclass(frozen=True)
class Transition:
    """How a sub-task went after another one (``previous`` is empty at the start of a chain)."""

    previous: str
    name: str
    rate: Rate


@dataclass(frozen=True)
class ChainSummary:
    """What the table of a chain suite shows.

    Attributes:
        success: Rate of solving at least 1..n sub-tasks in a row.
        average: Mean number solved in a row.
        tasks: One row a sub-task, by name.
        transitions: One row a pair, the hardest first.
    """

    success: tuple[Rate, ...]
    average: Mean
    tasks: tuple[TaskRow, ...]
    transitions: tuple[Transition, ...]

    @property
    def columns(self) -> dict[str, float]:
        """The main numbers by the names that published rows use: ``"1"``..``"n"``, ``avg_len``."""
        rates = {str(place): rate.value for place, rate in enumerate(self.success, start=1)}
        return {**rates, AVERAGE: self.average.value}

    @property
    def score(self) -> Mean:
        """The one number of a run."""
        return self.average


def summarise_chain(records: Sequence[EpisodeRecord], *, length: int) -> ChainSummary:
    """Return the summary of chains of up to ``length`` sub-tasks."""
    solved = [record.solved for record in records]
    success = tuple(
        Rate(sum(count >= place for count in solved), len(solved)) for place in range(1, length + 1)
    )
    return ChainSummary(
        success=success,
        average=bounded_mean(solved, maximum=length),
        tasks=task_rows(subtask for record in records for subtask in record.subtasks),
        transitions=_transitions(records),
    )


def task_rows(subtasks: Iterable[SubTaskRecord]) -> tuple[TaskRow, ...]:
    """Return one row a sub-task name."""
    by_name: dict[str, list[SubTaskRecord]] = defaultdict(list)
    for subtask in subtasks:
        by_name[subtask.name].append(subtask)
    return tuple(_row(name, by_name[name]) for name in sorted(by_name))


def _row(name: str, attempts: Sequence[SubTaskRecord]) -> TaskRow:
    steps = [attempt.steps for attempt in attempts if attempt.success]
    rate = Rate(len(steps), len(attempts))
    return TaskRow(name, rate, sum(steps) / len(steps) if steps else None)


def _transitions(records: Iterable[EpisodeRecord]) -> tuple[Transition, ...]:
    outcomes: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for record in records:
        for previous, subtask in _pairs(record.subtasks):
            outcomes[previous, subtask.name].append(subtask.success)
    rows = [Transition(*pair, Rate(sum(ok), len(ok))) for pair, ok in outcomes.items()]
    return tuple(
        sorted(rows, key=lambda row: (row.rate.value, -row.rate.n, row.previous, row.name))
    )


def _pairs(subtasks: Sequence[SubTaskRecord]) -> Iterator[tuple[str, SubTaskRecord]]:
    names = [START, *(subtask.name for subtask in subtasks)]
    return zip(names, subtasks, strict=False)
