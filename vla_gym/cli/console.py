"""Where commands write: results to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from vla_gym.output import printable, reserved_stdout

if TYPE_CHECKING:
    from rich.console import Console

    from vla_gym.results import Table

_FILE_WIDTH = 80
"""Characters per line in files and pipes, where nobody says how wide they are (``COLUMNS``)."""
_stdout: ContextVar[TextIO | None] = ContextVar("stdout", default=None)


@contextlib.contextmanager
def results_only() -> Iterator[None]:
    """Keep standard output for what the functions here write."""
    with reserved_stdout() as stream:
        token = _stdout.set(stream)
        try:
            yield
        finally:
            _stdout.reset(token)


def results() -> TextIO:
    """Return where results go."""
    return _stdout.get() or sys.stdout


def output() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def errors() -> Console:
    """Return the console for errors and progress."""
    return _console(stderr=True)


def print_json(value: Any) -> None:
    """Write a value as JSON and nothing else."""
    json.dump(value, results(), indent=1, ensure_ascii=False)
    results().write("\n")


def print_bytes(data: bytes) -> None:
    """Write what is finished already."""
    stream = results()
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()


def print_tables(tables: Iterable[Table]) -> None:
    """Draw tables, a blank line apart."""
    from vla_gym.results import draw

    console = output()
    for table in tables:
        draw(console, table)
        console.print()


def print_lines(lines: Iterable[str]) -> None:
    """Write lines as they are (long ones are not cut, so that they can be copied)."""
    console = output()
    for line in lines:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    file = sys.stderr if stderr else results()
    console = Console(file=file, highlight=False, soft_wrap=stderr)
    if console.is_terminal or os.environ.get("COLUMNS", "").isdigit():
        return console
    return Console(file=file, highlight=False, soft_wrap=stderr, width=_FILE_WIDTH)
