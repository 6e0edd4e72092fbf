"""Where commands write: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from vla_gym.results import Table

_FILE_WIDTH = 160
"""Characters a line in files and pipes, where nobody says how wide they are."""


def output() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def errors() -> Console:
    """Return the console for errors and progress."""
    return _console(stderr=True)


def print_json(value: Any) -> None:
    """Write a value as JSON and nothing else."""
    json.dump(value, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


def print_tables(tables: Iterable[Table]) -> None:
    """Draw tables, a blank line apart."""
    from vla_gym.results import rich_table

    console = output()
    for table in tables:
        console.print(rich_table(table))
        console.print()


def print_lines(lines: Iterable[str]) -> None:
    """Write lines as they are (long ones are not cut, so that they can be copied)."""
    console = output()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False, soft_wrap=stderr)
    if console.is_terminal:
        return console
    return Console(stderr=stderr, highlight=False, soft_wrap=stderr, width=_FILE_WIDTH)
