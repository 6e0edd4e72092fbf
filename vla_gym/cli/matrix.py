"""``vla-gym matrix FILE``: policies x suites, one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def matrix_command(
    file: Annotated[Path, typer.Argument(help="YAML: policies, suites, limit, workers, out.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Evaluate several policies on several suites and print one table."""
    from vla_gym.cli.console import errors, print_json, print_lines, print_tables
    from vla_gym.grid import matrix

    def note(text: str) -> None:
        style = "red" if text.startswith("Error") else None
        errors().print(text, style=style, markup=False)

    try:
        found = matrix(file, note=note)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        print_json([row.as_json() for row in found.rows])
    else:
        print_tables([found.table()])
        print_lines([*found.notes(), *found.orderings()])
    if not found.ok:
        raise typer.Exit(1)
