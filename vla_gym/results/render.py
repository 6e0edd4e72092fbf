"""Draw tables for the terminal, as Markdown, or as JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vla_gym.results.chain import ChainSummary
from vla_gym.results.comparison import fingerprints, published_rows
from vla_gym.results.load import Results
from vla_gym.results.statistics import Interval, Rate
from vla_gym.results.tables import Table, notes, tables
from vla_gym.results.tasks import TasksSummary
from vla_gym.suites.spec import jsonable

if TYPE_CHECKING:
    from rich.table import Table as RichTable


def rich_table(table: Table) -> RichTable:
    """Return a table for ``rich.console.Console.print``."""
    from rich.markup import escape
    from rich.table import Table as RichTable

    drawn = RichTable(title=escape(table.title), title_justify="left")
    for place, name in enumerate(table.columns):
        drawn.add_column(escape(name), justify="left" if table.text or place == 0 else "right")
    for section in table.sections:
        for row in section:
            drawn.add_row(*map(escape, row))
        drawn.add_section()
    return drawn


def markdown_table(table: Table) -> str:
    """Return a table as GitHub Markdown; sections are divided by a row of dashes."""
    divider = ("---",) * len(table.columns)
    rows: list[Sequence[str]] = [table.columns, divider]
    for place, section in enumerate(table.sections):
        if place:
            rows.append(("",) * len(table.columns))
        rows.extend(section)
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join([f"### {table.title}", "", *lines])


def markdown(results: Results) -> str:
    """Return all tables and notes of a run as Markdown."""
    parts = [markdown_table(table) for table in tables(results)]
    return "\n\n".join([*parts, "\n".join(_bullets(notes(results)))]) + "\n"


def summary_json(results: Results) -> dict[str, Any]:
    """Return everything that the tables show, and the full lists behind them."""
    return {
        "policy": results.policy,
        "suite": results.suite,
        "protocol": dict(results.run.protocol),
        "protocol_hash": results.protocol_hash,
        "fingerprints": sorted(fingerprints(results)),
        "episodes": {
            "asked": results.run.episodes,
            "finished": len(results.records),
            "errors": [{"episode": r.episode, "error": r.error} for r in results.errors],
        },
        "table": results.run.table,
        "summary": _summary(results.summary),
        "published": [
            {**item.row.model_dump(), "comparable": item.comparable, "verdict": item.verdict}
            for item in published_rows(results)
        ],
        "findings": [dataclasses.asdict(finding) for finding in results.findings],
    }


def _summary(summary: ChainSummary | TasksSummary) -> Any:
    return _plain(
        {field.name: getattr(summary, field.name) for field in dataclasses.fields(summary)}
    )


def _plain(value: Any) -> Any:
    """Return nested summaries as JSON values; a rate carries its interval, unknown is ``null``."""
    if isinstance(value, Rate):
        return {
            "successes": value.successes,
            "n": value.n,
            "rate": _plain(value.value),
            "interval": _plain(value.interval),
        }
    if isinstance(value, Interval):
        return [value.low, value.high]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, float) and math.isnan(value):
        return None
    return jsonable(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _bullets(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        indented = line.startswith(" ")
        yield f"{'  ' if indented else ''}- {line.strip()}"
