"""Running a matrix: every pair of a policy and a suite, one after the other.

A pair that cannot be run (incompatible, broken policy, failed training) is a row that says why, and
the others go on. The same call again resumes every pair, and every training that makes a policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_gym.error_text import summary
from vla_gym.errors import VlaGymError
from vla_gym.grid.config import Cell, Matrix, load_matrix
from vla_gym.results import Results, Table, differences, score_cell, summary_json
from vla_gym.results.fitting import Footnotes
from vla_gym.results.ordering import Claim, ordering
from vla_gym.runner.evaluation import evaluate
from vla_gym.training.run import train

_COLUMNS = (
    *("policy", "suite", "n", "errors", "score (95 % interval)", "run"),
    "published",  # only where somebody published something
)
_LONGEST = 400
"""Characters of the reason in a row."""


@dataclass(frozen=True)
class MatrixRow:
    """One pair of a matrix.

    Attributes:
        cell: What was to be run.
        results: What was found; ``None`` if it could not be run.
        problem: Why it could not be run, one line; empty if it was.
    """

    cell: Cell
    results: Results | None
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was run and no episode ended in an error."""
        return self.results is not None and not self.results.errors

    def as_json(self) -> dict[str, Any]:
        """Return JSON values: names, and the results or the problem."""
        found: dict[str, Any] = {
            "policy": self.cell.policy.label,
            "suite": self.cell.suite.label,
            "out": str(self.cell.out),
        }
        if self.cell.policy.published is not None:
            found["published"] = self.cell.policy.published
        if self.results is None:
            return {**found, "error": self.problem}
        return {**found, "results": summary_json(self.results)}


@dataclass(frozen=True)
class MatrixResults:
    """What a matrix found.

    Attributes:
        rows: One per pair, suite by suite.
    """

    rows: tuple[MatrixRow, ...]

    @property
    def ok(self) -> bool:
        """Whether every pair was run and no episode ended in an error."""
        return all(row.ok for row in self.rows)

    def table(self) -> Table:
        """Return one table of all pairs, a section per suite."""
        claimed = any(row.cell.policy.published is not None for row in self.rows)
        columns = _COLUMNS if claimed else _COLUMNS[:-1]
        notes = Footnotes()
        sections = tuple(
            tuple(_cells(row, notes)[: len(columns)] for row in rows)
            for rows in self._by_suite().values()
        )
        return Table("matrix", columns, sections, text=True, footnotes=notes.lines)

    def notes(self) -> list[str]:
        """Return why rows of one suite are not comparable, where they are not."""
        groups = self._by_suite().values()
        runs = ([row.results for row in rows if row.results is not None] for rows in groups)
        return [line for group in runs for line in differences(group)]

    def orderings(self) -> list[str]:
        """Return what each suite says to the published order."""
        return [
            f"{suite}: {line}"
            for suite, rows in self._by_suite().items()
            for line in ordering(list(_claims(rows)))
        ]

    def _by_suite(self) -> dict[str, list[MatrixRow]]:
        groups: dict[str, list[MatrixRow]] = {}
        for row in self.rows:
            groups.setdefault(row.cell.suite.label, []).append(row)
        return groups


def matrix(
    config: Matrix | str | Path, *, note: Callable[[str], None] | None = None
) -> MatrixResults:
    """Evaluate several policies on several suites.

    Args:
        config: What is run, or the YAML file that says it.
        note: Is told which pair begins, and what could not be run.

    Returns:
        One row per pair; a pair that could not be run says why.

    Raises:
        OptionError: A file that is no matrix; the message names the places.
    """
    plan = config if isinstance(config, Matrix) else load_matrix(Path(config))
    say = note or (lambda _: None)
    trained: dict[str, str] = {}
    return MatrixResults(tuple(_row(cell, trained, say) for cell in plan.cells()))


def _row(cell: Cell, trained: dict[str, str], say: Callable[[str], None]) -> MatrixRow:
    say(f"{cell.policy.label} on {cell.suite.label}")
    try:
        return MatrixRow(cell, _run(cell, trained))
    except KeyboardInterrupt:
        raise
    except VlaGymError as error:
        problem = str(error)
    except BaseException as error:  # whatever a policy or a training raises, the others go on
        problem = summary(error)
    say(f"Error: {problem}")
    line = problem.partition("\n")[0]
    return MatrixRow(cell, None, line if len(line) < _LONGEST else f"{line[:_LONGEST]}...")


def _run(cell: Cell, trained: dict[str, str]) -> Results:
    """Return the results of one pair; ``trained`` are the policies made so far, by label."""
    label = cell.policy.label
    if label not in trained:
        trained[label] = _policy(cell)
    return evaluate(
        trained[label],
        cell.suite.name,
        cell.out,
        cell.options,
        policy_options=cell.policy.options,
        suite_options=cell.suite.options,
    )


def _policy(cell: Cell) -> str:
    """Return the name or file of a policy; it is trained now if it has to be."""
    training = cell.policy.train
    if training is None:
        return cell.policy.name
    folder = train(training.config, cell.training, options=training.options)
    return str(folder / "policy.yaml")


def _cells(row: MatrixRow, notes: Footnotes) -> tuple[str, ...]:
    names = (row.cell.policy.label, row.cell.suite.label)
    claim = row.cell.policy.published
    published = "-" if claim is None else f"{claim:g}"
    if row.results is None:
        why = notes.mark(f"not run: {row.problem} ({row.cell.out})")
        return (*names, "-", "-", "not run", why, published)
    counts = (str(len(row.results.records)), str(len(row.results.errors)))
    where = notes.mark(f"{row.cell.out}, protocol {row.results.protocol_hash}")
    return (*names, *counts, score_cell(row.results), where, published)


def _claims(rows: list[MatrixRow]) -> Iterator[Claim]:
    for row in rows:
        published = row.cell.policy.published
        if row.results is not None and published is not None:
            yield Claim(row.cell.policy.label, row.results, published)
