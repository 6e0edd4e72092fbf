"""Suites of single tasks: one row a group and one over all.

An episode succeeded when the last sub-task that it attempted did and it ended without an error. A
chain that ends at its first failure has then solved all; one that goes on is judged by its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vla_gym.records import EpisodeRecord
from vla_gym.results.statistics import Rate

SUCCESS = "success"
ALL = "all"


@dataclass(frozen=True)
class GroupRow:
    """How the episodes of a group went.

    Attributes:
        name: Of the group.
        rate: Episodes that succeeded.
        metrics: What the environment reported beside success, averaged over the sub-tasks that
            report it.
    """

    name: str
    rate: Rate
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class TasksSummary:
    """What the table of a suite of tasks shows: a row a group and ``overall``."""

    groups: tuple[GroupRow, ...]
    overall: GroupRow

    @property
    def columns(self) -> dict[str, float]:
        """The main numbers by the names that published rows use: groups and ``success``."""
        groups = {row.name: row.rate.value for row in self.groups}
        return {**groups, SUCCESS: self.overall.rate.value}

    @property
    def score(self) -> Rate:
        """The one number of a run."""
        return self.overall.rate


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
    return GroupRow(name, rate, _mean_metrics(records))


def _mean_metrics(records: Sequence[EpisodeRecord]) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for record in records:
        for subtask in record.subtasks:
            for name, value in subtask.metrics.items():
                values[name].append(float(value))
    return {name: sum(values[name]) / len(values[name]) for name in sorted(values)}
