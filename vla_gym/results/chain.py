"""Long-horizon chains: success at 1..n, average length, tasks and transitions.

An episode that ended in an error counts with the sub-tasks that it had solved before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vla_gym.records import EpisodeRecord, RunRecord, SubTaskRecord
from vla_gym.results.metrics import (
    metric_cells,
    metric_estimates,
    metric_headings,
    metric_names,
)
from vla_gym.results.statistics import Mean, Rate, bounded_mean
from vla_gym.results.summary import Estimate, Summary
from vla_gym.results.table import Row, Table

AVERAGE = "avg_len"
START = ""
_TRANSITIONS = 10


@dataclass(frozen=True)
class TaskRow:
    """How one sub-task went, over all episodes.

    Attributes:
        name: Of the sub-task.
        rate: Successes of attempts.
        steps: Mean number of environment steps of the successful attempts, ``None`` without any.
        metrics: What the environment reported beside success.
    """

    name: str
    rate: Rate
    steps: float | None
    metrics: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class Transition:
    """How a sub-task went after another one (``previous`` is empty at the start of a chain)."""

    previous: str
    name: str
    rate: Rate


@dataclass(frozen=True)
class ChainSummary(Summary):
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
    def estimates(self) -> tuple[Estimate, ...]:
        """``"1"``..``"n"``, the rates of solving so many in a row, and ``avg_len``."""
        places = enumerate(self.success, start=1)
        return (*(Estimate.of(str(place), rate) for place, rate in places), self.score)

    @property
    def score(self) -> Estimate:
        """The average length."""
        longest = len(self.success)
        return Estimate.of(AVERAGE, self.average, heading="average length", maximum=longest)

    def tables(self) -> tuple[Table, ...]:
        """Return success by task, and the transitions that failed most often."""
        hard = tuple(_transition_row(t) for t in self.transitions if t.rate.successes < t.rate.n)
        tasks = _task_table(self.tasks)
        if not hard:
            return (tasks,)
        columns = ("after", "task", "attempts", "solved", "rate")
        return (tasks, Table("hardest transitions", columns, (hard[:_TRANSITIONS],)))


def chain_summary(records: Sequence[EpisodeRecord], run: RunRecord) -> ChainSummary:
    """Return the summary ``chain`` of a run."""
    return summarise_chain(records, length=run.chain_length)


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
    mean = sum(steps) / len(steps) if steps else None
    return TaskRow(name, rate, mean, metric_estimates(attempts))


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


def _task_table(tasks: Sequence[TaskRow]) -> Table:
    found = [row.metrics for row in tasks]
    names = metric_names(found)
    columns = ("task", "attempts", "solved", "rate", "steps", *metric_headings(names, found))
    return Table("per task", columns, (tuple(_task_row(row, names) for row in tasks),))


def _task_row(row: TaskRow, metrics: Sequence[str]) -> Row:
    steps = "-" if row.steps is None else f"{row.steps:.0f}"
    return (row.name, *_counts(row.rate), steps, *metric_cells(metrics, row.metrics))


def _transition_row(row: Transition) -> Row:
    return (row.previous or "(start)", row.name, *_counts(row.rate))


def _counts(rate: Rate) -> Row:
    """Return attempts, successes, and the rate with its interval."""
    return (str(rate.n), str(rate.successes), Estimate.of("rate", rate).cell)
