"""``vla-gym results``: the tables of a run directory, and agreement with real robots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from vla_gym.results import Results

app = typer.Typer(no_args_is_help=True, help="Look at results.")


@app.callback()
def _results() -> None:
    """Look at results."""


Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a run.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Format = Annotated[
    str, typer.Option("--format", metavar="NAME", help="Of a report: vla-gym list report-formats.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write there instead.")]


@app.command("show")
def show_command(
    folder: Folder, form: Format = "", out: Out = None, as_json: AsJson = False
) -> None:
    """Show tables, intervals, errors and verdicts of a run."""
    from vla_gym.results import load_results

    _show(load_results(folder), "json" if as_json and not form else form, out)


@app.command("score")
def score_command(
    folder: Folder,
    rule: Annotated[
        str, typer.Option(help="Which step of a sub-task counts: first, final or any.")
    ],
    form: Format = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Score a run under another success rule, where its journal says what comes out."""
    from vla_gym.results import score

    _show(score(folder, rule), "json" if as_json and not form else form, out)  # type: ignore[arg-type]


def _show(results: Results, form: str, out: Path | None) -> None:
    """Print results or write them; without a format as tables with the paths below them."""
    from vla_gym.cli.console import print_bytes
    from vla_gym.cli.evaluate import show_results
    from vla_gym.files import write_atomically
    from vla_gym.report.formats import report

    if out is None and not form:
        show_results(results)
        return
    made = report(results, form or "text")
    if out is not None:
        write_atomically(out, made)
        return
    print_bytes(made)


@app.command("correlate")
def correlate_command(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[POLICY=]DIR...", help="Runs, and whose published rates they meet."
        ),
    ] = None,
    suite: Annotated[
        str, typer.Option("--suite", help="Correlate the published simulation rates of a suite.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how well a simulation ranks policies: MMRV and Pearson against real-robot rates."""
    import dataclasses

    from vla_gym.cli.console import print_json, print_lines
    from vla_gym.results.correlation import correlate

    simulation, real = _rates(runs or [], suite)
    found = correlate(simulation, real)
    if as_json:
        print_json([dataclasses.asdict(row) for row in found])
        return
    if not found:
        names = ", ".join(sorted(real))
        print_lines(
            [
                f"At least two policies are needed that have real-robot rates: {names}.",
                "Say which one a run stands for: POLICY=DIR.",
            ]
        )
        raise typer.Exit(1)
    rows = (
        f"{row.task:32} {row.mmrv:6.3f} {row.pearson:8.3f}  {', '.join(row.policies)}"
        for row in found
    )
    print_lines([f"{'task':32} {'MMRV':>6} {'Pearson':>8}  policies", *rows])


def _rates(runs: list[str], suite: str) -> tuple[Any, Any]:
    """Return simulated and real rates by policy, of runs or as published with a suite."""
    from vla_gym.errors import OptionError
    from vla_gym.results import load_results
    from vla_gym.results.correlation import published_rates, rates_of_runs
    from vla_gym.suites import load_suite

    if suite:
        return published_rates(load_suite(suite).published)
    if not runs:
        raise OptionError("results correlate: name runs (POLICY=DIR ...), or a suite (--suite).")
    named = {}
    for argument in runs:
        label, _, folder = argument.rpartition("=")
        results = load_results(Path(folder))
        named[label or results.policy] = results
    return rates_of_runs(named)
