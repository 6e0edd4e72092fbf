"""``vla-gym results show``: the tables of a run directory, finished or not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Look at results.")


@app.callback()
def _results() -> None:
    """Look at results."""


@app.command("show")
def show_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a run.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
) -> None:
    """Show tables, intervals, errors and verdicts of a run."""
    from vla_gym.cli.console import print_json
    from vla_gym.cli.evaluate import show_results
    from vla_gym.results import load_results, markdown, summary_json

    results = load_results(folder)
    if as_json:
        print_json(summary_json(results))
    elif as_markdown:
        sys.stdout.write(markdown(results))
    else:
        show_results(results)
