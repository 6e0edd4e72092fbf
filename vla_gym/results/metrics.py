"""What an environment reports beside success (``info["metrics"]``), with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from vla_gym.records import SubTaskRecord
from vla_gym.results.statistics import Rate, sampled_mean
from vla_gym.results.summary import Estimate


def metric_estimates(subtasks: Iterable[SubTaskRecord]) -> dict[str, Estimate]:
    """Return each metric over the sub-tasks that report it, by name.

    What is always true or false is a rate with a Wilson interval, everything else a mean with a
    bootstrap interval. Sub-tasks count as independent of each other.
    """
    values: dict[str, list[float | bool]] = defaultdict(list)
    for subtask in subtasks:
        for name, value in subtask.metrics.items():
            values[name].append(value)
    return {name: _estimate(name, values[name]) for name in sorted(values)}


def metric_names(rows: Iterable[Mapping[str, Estimate]]) -> list[str]:
    """Return the sorted names of all metrics of some rows."""
    return sorted({name for row in rows for name in row})


def metric_headings(names: Sequence[str], rows: Iterable[Mapping[str, Estimate]]) -> list[str]:
    """Return column headings; rates say that they are in per cent."""
    rates = {name for row in rows for name, found in row.items() if found.rate}
    return [f"{name} (%)" if name in rates else name for name in names]


def metric_cells(names: Sequence[str], row: Mapping[str, Estimate]) -> list[str]:
    """Return the cells of a row, ``-`` for what it does not have."""
    return [f"{row[name].cell}, n={row[name].n}" if name in row else "-" for name in names]


def _estimate(name: str, values: Sequence[float | bool]) -> Estimate:
    if all(isinstance(value, bool) for value in values):
        return Estimate.of(name, Rate(sum(map(bool, values)), len(values)))
    return Estimate.of(name, sampled_mean([float(value) for value in values]))
