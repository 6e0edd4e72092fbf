"""Suites of single tasks: one row a group and one over all.

An episode succeeded when the last sub-task that it attempted did and it ended without an error. A
chain that ends at its first failure has then solved all; one that goes on is judged by its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vla_gym.records import EpisodeRecord, RunRecord
from vla_gym.results.metrics import (
    metric_cells,
    metric_estimates,
    metric_headings,
    metric_names,
)
from vla_gym.results.statistics import Rate
from vla_gym.results.summary import Estimate, Summary
from vla_gym.results.table import Row, Table

SUCCESS = "success"
ALL = "all"


@dataclass(frozen=True)
class GroupRow:
    """How the episodes of a group went.

    Attributes:
        name: Of the group.
        rate: Episodes that succeeded.
        metrics: What the environment reported beside success, over the sub-tasks that report it.
    """

    name: str
    rate: Rate
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True)
class TasksSummary(Summary):
    """What the table of a suite of tasks shows: a row a group and ``overall``."""

    groups: tuple[GroupRow, ...]
    overall: GroupRow

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """The rate of each group, and ``success`` over all."""
        return (*(Estimate.of(row.name, row.rate) for row in self.groups), self.score)

    @property
    def score(self) -> Estimate:
        """The rate over all episodes."""
        return Estimate.of(SUCCESS, self.overall.rate, heading=ALL)

    def tables(self) -> tuple[Table, ...]:
        """Return one row a group and one over all, with the metrics of the environment."""
        found = [row.metrics for row in (*self.groups, self.overall)]
        names = metric_names(found)
        columns = ("task", "n", "solved", "rate", *metric_headings(names, found))
        rows = tuple(_table_row(row, names) for row in self.groups)
        return (Table("per task", columns, (rows, (_table_row(self.overall, names),))),)


def tasks_summary(records: Sequence[EpisodeRecord], run: RunRecord) -> TasksSummary:
    """Return the summary ``tasks`` of a run."""
    del run
    return summarise_tasks(records)


def summarise_tasks(records: Sequence[EpisodeRecord]) -> TasksSummary:
    """Return the summary by group (an episode without one is grouped by its first sub-task)."""
    by_group: dict[str, list[EpisodeRecord]] = defaultdict(list)
    for record in records:
        by_group[group_of(record)].append(record)
    groups = tuple(_row(name, by_group[name]) for name in sorted(by_group))
    return TasksSummary(groups, _row(ALL, records))


def group_of(record: EpisodeRecord) -> str:
    """Return the row that an episode belongs to."""
    return record.group or (record.subtasks[0].name if record.subtasks else "(not begun)")


def succeeded(record: EpisodeRecord) -> bool:
    """Whether an episode counts as a success."""
    return record.error is None and bool(record.subtasks) and record.subtasks[-1].success


def _row(name: str, records: Sequence[EpisodeRecord]) -> GroupRow:
    rate = Rate(sum(map(succeeded, records)), len(records))
    return GroupRow(name, rate, metric_estimates(s for record in records for s in record.subtasks))


def _table_row(row: GroupRow, metrics: Sequence[str]) -> Row:
    rate = Estimate.of("rate", row.rate).cell
    counts = (str(row.rate.n), str(row.rate.successes), rate)
    return (row.name, *counts, *metric_cells(metrics, row.metrics))
