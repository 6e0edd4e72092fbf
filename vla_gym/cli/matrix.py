"""``vla-gym matrix FILE``: policies x suites, one table.

A pair that cannot be run (incompatible, broken policy) is a row that says so, and the others go
on. Running the same file again resumes every pair, and every training that makes a policy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vla_gym.cli.matrix_file import Cell
    from vla_gym.results import Results, Table

_COLUMNS = (
    *("policy", "suite", "n", "errors", "score (95 % interval)", "protocol", "directory"),
    "published",  # only where somebody published something
)


def matrix_command(
    file: Annotated[Path, typer.Argument(help="YAML: policies, suites, limit, workers, out.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Evaluate several policies on several suites and print one table."""
    from vla_gym.cli.console import print_json, print_lines, print_tables
    from vla_gym.cli.matrix_file import load_matrix

    matrix = load_matrix(file)
    policies: dict[str, str] = {}
    try:
        found = [(cell, _run(cell, policies)) for cell in matrix.cells()]
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        print_json([_json(cell, outcome) for cell, outcome in found])
    else:
        print_tables([_table(found)])
        print_lines([*_notes(found), *_orderings(found)])
    if any(isinstance(outcome, str) or outcome.errors for _, outcome in found):
        raise typer.Exit(1)


def _run(cell: Cell, policies: dict[str, str]) -> Results | str:
    """Return the results of one pair, or why there are none; ``policies`` are those trained."""
    from vla_gym.cli.console import errors
    from vla_gym.errors import VlaGymError
    from vla_gym.runner.evaluation import evaluate

    errors().print(f"{cell.policy.label} on {cell.suite.label}", markup=False)
    try:
        if cell.policy.label not in policies:
            policies[cell.policy.label] = _policy(cell)
        return evaluate(
            policies[cell.policy.label],
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


def _policy(cell: Cell) -> str:
    """Return the name or file of a policy; it is trained now if it has to be."""
    from vla_gym.cli.train import train_function
    from vla_gym.training.config import load_train_config

    if cell.policy.train is None:
        return cell.policy.name
    config = load_train_config(cell.policy.train.config, cell.policy.train.options)
    return str(train_function()(config, cell.training) / "policy.yaml")


def _table(found: list[tuple[Cell, Results | str]]) -> Table:
    from vla_gym.results import Table

    claimed = any(cell.policy.published is not None for cell, _ in found)
    columns = _COLUMNS if claimed else _COLUMNS[:-1]
    suites = list(dict.fromkeys(cell.suite.label for cell, _ in found))
    sections = tuple(
        tuple(
            _row(cell, outcome)[: len(columns)]
            for cell, outcome in found
            if cell.suite.label == suite
        )
        for suite in suites
    )
    return Table("matrix", columns, sections, text=True)


def _row(cell: Cell, outcome: Results | str) -> tuple[str, ...]:
    from vla_gym.results import score_cell

    names = (cell.policy.label, cell.suite.label)
    published = "-" if cell.policy.published is None else f"{cell.policy.published:g}"
    where = (str(cell.out), published)
    if isinstance(outcome, str):
        return (*names, "-", "-", f"not run: {outcome}", "-", *where)
    counts = (str(len(outcome.records)), str(len(outcome.errors)))
    return (*names, *counts, score_cell(outcome), outcome.protocol_hash, *where)


def _orderings(found: list[tuple[Cell, Results | str]]) -> list[str]:
    """Return what each suite says to the published order."""
    from vla_gym.results.ordering import Claim, ordering

    by_suite: dict[str, list[Claim]] = {}
    for cell, outcome in found:
        if not isinstance(outcome, str) and cell.policy.published is not None:
            claim = Claim(cell.policy.label, outcome, cell.policy.published)
            by_suite.setdefault(cell.suite.label, []).append(claim)
    return [f"{suite}: {line}" for suite, all_ in by_suite.items() for line in ordering(all_)]


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

    names: dict[str, object] = {
        "policy": cell.policy.label,
        "suite": cell.suite.label,
        "out": str(cell.out),
    }
    if cell.policy.published is not None:
        names["published"] = cell.policy.published
    if isinstance(outcome, str):
        return {**names, "error": outcome}
    return {**names, "results": summary_json(outcome)}
