"""Forms in which results are handed on; each is one function and one ``ReportFormatEntry``."""

from __future__ import annotations

import io
import json

from vla_gym.plugins import ReportFormatEntry
from vla_gym.registry import registry
from vla_gym.results import Results, draw, markdown, notes, summary_json, tables

_WIDTH = 80


def report(results: Results, name: str) -> bytes:
    """Return results in a registered format.

    Raises:
        UnknownNameError: With near matches, when there is no such format.
        MissingDependencyError: When something that it needs is not installed.
    """
    made: bytes = registry().load(ReportFormatEntry, name)(results)
    return made


def as_json(results: Results) -> bytes:
    """Return everything that the tables show and the lists behind them, as JSON."""
    return (json.dumps(summary_json(results), indent=1, ensure_ascii=False) + "\n").encode()


def as_markdown(results: Results) -> bytes:
    """Return tables and notes as GitHub Markdown."""
    return markdown(results).encode()


def as_text(results: Results) -> bytes:
    """Return tables and notes as a terminal of 80 columns shows them, without colours."""
    from rich.console import Console

    stream = io.StringIO()
    console = Console(file=stream, width=_WIDTH, highlight=False, color_system=None)
    for table in tables(results):
        draw(console, table)
        console.print()
    stream.writelines(f"{line}\n" for line in notes(results))
    return stream.getvalue().encode()
