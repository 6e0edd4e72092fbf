"""Tables of a run, once as neutral rows and then for the terminal or as Markdown.

The main table has our row with n and 95 % intervals, and the published rows clearly apart, each
with its source; below it stands what the reader must know to trust it (success rule, protocol,
errors, missing episodes, verdicts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vla_gym.results.comparison import Published, published_rows
from vla_gym.results.fitting import Footnotes
from vla_gym.results.load import Results
from vla_gym.results.summary import Estimate
from vla_gym.results.table import Row, Table

_WIDEST = 8
_ERRORS = 3


def tables(results: Results) -> tuple[Table, ...]:
    """Return the tables of a run: the main one, then the details."""
    return (main_table([results]), *results.summary.tables())


def main_table(runs: Sequence[Results]) -> Table:
    """Return one row a run and the published rows of their suite apart from them.

    The runs must be of one suite (columns and published rows are the first run's).
    """
    columns = _columns(runs[0])
    ours = tuple(_our_row(run, columns) for run in runs)
    sources = Footnotes()
    published = tuple(_published_row(row, columns, sources) for row in published_rows(runs[0]))
    names = tuple(estimate.heading or estimate.name for estimate in columns)
    title = f"{runs[0].suite} (rates in %, 95 % intervals)"
    sections = (ours, published) if published else (ours,)
    return Table(title, ("policy", "n", *names), sections, footnotes=sources.lines)


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
    return results.summary.score.sentence


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
        labels.setdefault(item.verdict, []).append(item.row.shown)
    for verdict, names in labels.items():
        yield f"{', '.join(names)}: {verdict}"


def _last_line(text: str | None) -> str:
    """Return the last line of a traceback: the exception."""
    return (text or "").strip().rpartition("\n")[2]


def _columns(results: Results) -> list[Estimate]:
    """Return the columns of the main table; wide suites show only what was also published."""
    found, score = list(results.summary.estimates), results.summary.score
    if len(found) <= _WIDEST:
        return found
    published = {name for item in published_rows(results) for name in item.row.values}
    kept = [item for item in found if item.name in published or item.name == score.name]
    return kept if len(kept) <= _WIDEST else [score]


def _our_row(results: Results, columns: Sequence[Estimate]) -> Row:
    cells = {estimate.name: estimate.cell for estimate in results.summary.estimates}
    errors = f" ({len(results.errors)} errors)" if results.errors else ""
    values = [cells.get(column.name, "-") for column in columns]
    return (results.policy, f"{len(results.records)}{errors}", *values)


def _published_row(item: Published, columns: Sequence[Estimate], sources: Footnotes) -> Row:
    row = item.row
    marks = [
        mark for mark, on in (("real robot", row.real), ("unverified", not row.verified)) if on
    ]
    marks.append("same protocol" if item.comparable else "not comparable")
    found = [(column, row.values.get(column.name)) for column in columns]
    values = ["-" if value is None else column.text(value) for column, value in found]
    source = sources.mark(f"{row.source} ({', '.join(marks)})")
    return (f"{row.shown} {source}", "", *values)
