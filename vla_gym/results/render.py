"""Draw tables for the terminal, as Markdown, or as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from vla_gym.output import printable
from vla_gym.results.comparison import fingerprints, published_rows
from vla_gym.results.fitting import fitted, least_width, roomy, unwrapped
from vla_gym.results.load import Results
from vla_gym.results.summary import plain
from vla_gym.results.table import Table
from vla_gym.results.tables import notes, tables

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable


def draw(console: Console, table: Table) -> None:
    """Draw a table in the width of a console, in parts if need be, and its footnotes."""
    for part in fitted(table, console.width):
        title = printable(part.title)
        console.print(title, style="italic", markup=False, highlight=False, soft_wrap=True)
        console.print(rich_table(part, roomy=roomy(part, console.width)))
    for line in table.footnotes:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def rich_table(table: Table, *, roomy: bool = True) -> RichTable:
    """Return a table without its title, with lines between its columns or without."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table as RichTable

    drawn = RichTable()
    if not roomy:
        drawn.box, drawn.pad_edge, drawn.padding = box.SIMPLE_HEAD, False, (0, 0)
    for place, name in enumerate(table.columns):
        drawn.add_column(
            escape(printable(name)),
            justify="left" if table.text or place == 0 else "right",
            overflow="fold",
            min_width=least_width(table, place),
            no_wrap=place == 0 and unwrapped(table),
        )
    for section in table.sections:
        for row in section:
            drawn.add_row(*(escape(printable(cell)) for cell in row))
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
    below = ["", *(f"- {line}" for line in table.footnotes)] if table.footnotes else []
    return "\n".join([f"### {table.title}", "", *lines, *below])


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
        "score": plain(results.summary.score),
        "summary": results.summary.as_json(),
        "published": [
            {**item.row.model_dump(), "comparable": item.comparable, "verdict": item.verdict}
            for item in published_rows(results)
        ],
        "findings": [dataclasses.asdict(finding) for finding in results.findings],
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _bullets(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        indented = line.startswith(" ")
        yield f"{'  ' if indented else ''}- {line.strip()}"
