"""``vla-gym matrix FILE``: policies x suites, one table.

A pair that cannot be run (incompatible, broken policy) is a row that says so, and the others go
on. Running the same file again resumes every pair.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vla_gym.cli.matrix_file import Cell
    from vla_gym.results import Results, Table


def matrix_command(
    file: Annotated[Path, typer.Argument(help="YAML: policies, suites, limit, workers, out.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Evaluate several policies on several suites and print one table."""
    from vla_gym.cli.console import print_json, print_lines, print_tables
    from vla_gym.cli.matrix_file import load_matrix

    cells = load_matrix(file).cells()
    try:
        found = [(cell, _run(cell)) for cell in cells]
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        print_json([_json(cell, outcome) for cell, outcome in found])
    else:
        print_tables([_table(found)])
        print_lines(_notes(found))
    if any(isinstance(outcome, str) or outcome.errors for _, outcome in found):
        raise typer.Exit(1)


def _run(cell: Cell) -> Results | str:
    """Return the results of one pair, or why there are none."""
    from vla_gym.cli.console import errors
    from vla_gym.errors import VlaGymError
    from vla_gym.runner.evaluation import evaluate

    errors().print(f"{cell.policy.label} on {cell.suite.label}", markup=False)
    try:
        return evaluate(
            cell.policy.name,
            cell.suite.name,
            out=cell.out,
            workers=cell.workers,
            limit=cell.limit,
            batch_size=cell.batch_size,
            video=cell.video,
            policy_options=cell.policy.options,
            suite_options=cell.suite.options,
        )
    except VlaGymError as error:
        errors().print(f"Error: {error}", style="red", markup=False)
        return str(error).partition("\n")[0]


def _table(found: list[tuple[Cell, Results | str]]) -> Table:
    from vla_gym.results import Table

    suites = list(dict.fromkeys(cell.suite.label for cell, _ in found))
    sections = tuple(
        tuple(_row(cell, outcome) for cell, outcome in found if cell.suite.label == suite)
        for suite in suites
    )
    columns = ("policy", "suite", "n", "errors", "score (95 % interval)", "protocol", "directory")
    return Table("matrix", columns, sections, text=True)


def _row(cell: Cell, outcome: Results | str) -> tuple[str, ...]:
    from vla_gym.results import score_cell

    names = (cell.policy.label, cell.suite.label)
    if isinstance(outcome, str):
        return (*names, "-", "-", f"not run: {outcome}", "-", str(cell.out))
    counts = (str(len(outcome.records)), str(len(outcome.errors)))
    return (*names, *counts, score_cell(outcome), outcome.protocol_hash, str(cell.out))


def _notes(found: list[tuple[Cell, Results | str]]) -> list[str]:
    """Return why rows of one suite are not comparable, where they are not."""
    from vla_gym.results import differences

    by_suite: dict[str, list[Results]] = {}
    for cell, outcome in found:
        if not isinstance(outcome, str):
            by_suite.setdefault(cell.suite.name, []).append(outcome)
    return [line for runs in by_suite.values() for line in differences(runs)]


def _json(cell: Cell, outcome: Results | str) -> dict[str, object]:
    from vla_gym.results import summary_json

    names = {"policy": cell.policy.label, "suite": cell.suite.label, "out": str(cell.out)}
    if isinstance(outcome, str):
        return {**names, "error": outcome}
    return {**names, "results": summary_json(outcome)}
