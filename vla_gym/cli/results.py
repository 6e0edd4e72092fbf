"""``vla-gym results``: the tables of a run directory, and agreement with real robots."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

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

    from vla_gym.cli.console import print_json
    from vla_gym.results.correlation import correlate

    simulation, real = _rates(runs or [], suite)
    found = correlate(simulation, real)
    if as_json:
        print_json([dataclasses.asdict(row) for row in found])
        return
    if not found:
        names = ", ".join(sorted(real))
        typer.echo(f"At least two policies are needed that have real-robot rates: {names}.")
        typer.echo("Say which one a run stands for: POLICY=DIR.")
        raise typer.Exit(1)
    typer.echo(f"{'task':32} {'MMRV':>6} {'Pearson':>8}  policies")
    for row in found:
        policies = ", ".join(row.policies)
        typer.echo(f"{row.task:32} {row.mmrv:6.3f} {row.pearson:8.3f}  {policies}")


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
