"""Tables of a run, once as neutral rows and then for the terminal or as Markdown.

The main table has our row with n and 95 % intervals, and the published rows clearly apart, each
with its source; below it stands what the reader must know to trust it (success rule, protocol,
errors, missing episodes, verdicts).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vla_gym.results.chain import AVERAGE, ChainSummary, TaskRow, Transition
from vla_gym.results.comparison import Published, published_rows
from vla_gym.results.load import Results
from vla_gym.results.statistics import Interval, Rate
from vla_gym.results.tasks import SUCCESS, GroupRow, TasksSummary

_WIDEST = 8
_TRANSITIONS = 10
_ERRORS = 3

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under columns, in sections that are drawn apart.

    Attributes:
        title: Above it.
        columns: Names.
        sections: Rows, grouped.
        text: Cells are words rather than numbers.
    """

    title: str
    columns: Row
    sections: tuple[tuple[Row, ...], ...]
    text: bool = False


def tables(results: Results) -> tuple[Table, ...]:
    """Return the tables of a run: the main one, then the details."""
    summary = results.summary
    details = _task_tables(summary) if isinstance(summary, ChainSummary) else _groups(summary)
    return (main_table([results]), *details)


def main_table(runs: Sequence[Results]) -> Table:
    """Return one row a run and the published rows of their suite apart from them.

    The runs must be of one suite (columns and published rows are the first run's).
    """
    columns = _columns(runs[0])
    ours = tuple(_our_row(run, columns) for run in runs)
    published = tuple(_published_row(row, columns) for row in published_rows(runs[0]))
    names = tuple(_heading(name) for name in columns)
    title = f"{runs[0].suite} (rates in %, 95 % intervals)"
    sections = (ours, published) if published else (ours,)
    return Table(title, ("policy", "n", *names, "source"), sections)


def notes(results: Results) -> list[str]:
    """Return the lines below the tables: what a reader must know to trust the numbers."""
    protocol = results.run.protocol
    lines = [
        f"success rule: {protocol.get('success', '?')}; protocol {results.protocol_hash}",
        *_completeness(results),
        *_verdicts(published_rows(results)),
    ]
    if results.findings:
        lines.append("nothing succeeded; what looks wrong:")
        lines += [f"  {f.message} ({f.episodes} of {f.n} episodes)" for f in results.findings]
    elif results.records and not any(s.success for r in results.records for s in r.subtasks):
        lines.append("nothing succeeded, and nothing looked wrong in the rollouts: watch a video")
    return lines


def score_cell(results: Results) -> str:
    """Return the one number of a run with its interval and what it is."""
    summary = results.summary
    if isinstance(summary, ChainSummary):
        cell = _cells(summary)[AVERAGE]
        return f"average length {cell} of {len(summary.success)}"
    return f"success {rate_cell(summary.overall.rate)} %"


def percent(value: float) -> str:
    """Return a rate as per cent with one decimal, ``-`` when it is unknown."""
    return "-" if math.isnan(value) else f"{100 * value:.1f}"


def rate_cell(rate: Rate) -> str:
    """Return a rate with its interval, in per cent."""
    if not rate.n:
        return "-"
    return f"{percent(rate.value)} [{percent(rate.interval.low)}, {percent(rate.interval.high)}]"


def _completeness(results: Results) -> Iterator[str]:
    if results.missing:
        done, asked = len(results.records), results.run.episodes
        yield f"incomplete: {done} of {asked} episodes (the same command again goes on)"
    if results.errors:
        yield f"errors: {len(results.errors)} episodes could not be finished and count as failed"
        for record in results.errors[:_ERRORS]:
            yield f"  episode {record.episode}: {_last_line(record.error)}"
        if len(results.errors) > _ERRORS:
            yield f"  ... and {len(results.errors) - _ERRORS} more"


def _verdicts(published: Sequence[Published]) -> Iterator[str]:
    """Yield each verdict once, with the labels of all rows that it is true of."""
    labels: dict[str, list[str]] = {}
    for item in published:
        labels.setdefault(item.verdict, []).append(item.row.label)
    for verdict, names in labels.items():
        yield f"{', '.join(names)}: {verdict}"


def _last_line(text: str | None) -> str:
    """Return the last line of a traceback: the exception."""
    return (text or "").strip().rpartition("\n")[2]


def _columns(results: Results) -> list[str]:
    """Return the columns of the main table; wide suites show only what was also published."""
    names = list(results.summary.columns)
    if len(names) <= _WIDEST:
        return names
    published = {name for item in published_rows(results) for name in item.row.values}
    kept = [name for name in names if name in published or name in (AVERAGE, SUCCESS)]
    return kept if len(kept) <= _WIDEST else kept[-1:]


def _heading(name: str) -> str:
    return {AVERAGE: "average length", SUCCESS: "all"}.get(name, name)


def _our_row(results: Results, columns: Sequence[str]) -> Row:
    cells = _cells(results.summary)
    errors = f" ({len(results.errors)} errors)" if results.errors else ""
    values = [cells.get(name, "-") for name in columns]
    return (results.policy, f"{len(results.records)}{errors}", *values, "this run")


def _cells(summary: ChainSummary | TasksSummary) -> Mapping[str, str]:
    if isinstance(summary, TasksSummary):
        groups = {row.name: rate_cell(row.rate) for row in summary.groups}
        return {**groups, SUCCESS: rate_cell(summary.overall.rate)}
    places = {str(k): rate_cell(rate) for k, rate in enumerate(summary.success, start=1)}
    average = summary.average
    return {**places, AVERAGE: _mean_cell(average.value, average.interval)}


def _mean_cell(value: float, interval: Interval) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _published_row(item: Published, columns: Sequence[str]) -> Row:
    row = item.row
    marks = [mark for mark, on in (("unverified", not row.verified),) if on]
    marks.append("same protocol" if item.comparable else "not comparable")
    values = [_published_cell(name, row.values.get(name)) for name in columns]
    return (row.label, "", *values, f"{row.source} ({', '.join(marks)})")


def _published_cell(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if name == AVERAGE else percent(value)


def _task_tables(summary: ChainSummary) -> tuple[Table, ...]:
    rows = tuple(_task_row(row) for row in summary.tasks)
    tasks = Table("per task", ("task", "attempts", "solved", "rate", "steps"), (rows,))
    hard = tuple(_transition_row(t) for t in summary.transitions if t.rate.successes < t.rate.n)
    if not hard:
        return (tasks,)
    columns = ("after", "task", "attempts", "solved", "rate")
    return (tasks, Table("hardest transitions", columns, (hard[:_TRANSITIONS],)))


def _task_row(row: TaskRow) -> Row:
    steps = "-" if row.steps is None else f"{row.steps:.0f}"
    return (row.name, str(row.rate.n), str(row.rate.successes), rate_cell(row.rate), steps)


def _transition_row(row: Transition) -> Row:
    start = row.previous or "(start)"
    return (start, row.name, str(row.rate.n), str(row.rate.successes), rate_cell(row.rate))


def _groups(summary: TasksSummary) -> tuple[Table, ...]:
    metrics = sorted({name for row in summary.groups for name in row.metrics})
    columns = ("task", "n", "solved", "rate", *metrics)
    rows = tuple(_group_row(row, metrics) for row in summary.groups)
    return (Table("per task", columns, (rows, (_group_row(summary.overall, metrics),))),)


def _group_row(row: GroupRow, metrics: Sequence[str]) -> Row:
    values = [f"{row.metrics[name]:.3g}" if name in row.metrics else "-" for name in metrics]
    return (row.name, str(row.rate.n), str(row.rate.successes), rate_cell(row.rate), *values)
