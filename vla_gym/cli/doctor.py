"""``vla-gym doctor``: what works here, and the command that repairs what does not."""

from __future__ import annotations

from typing import Annotated

import typer


def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    time_limit: Annotated[
        float, typer.Option(help="Seconds after which a check counts as hung.", min=1.0)
    ] = 300.0,
) -> None:
    """Check this machine; the exit status is 1 when something fails."""
    from vla_gym.cli.console import print_json, print_lines, print_tables
    from vla_gym.doctor import run_checks
    from vla_gym.results import Table

    results = run_checks(time_limit=time_limit)
    if as_json:
        print_json([result.model_dump() for result in results])
    else:
        rows = tuple((r.name, r.status, r.detail) for r in results)
        print_tables([Table("doctor", ("check", "status", "found"), (rows,), text=True)])
        print_lines(f"{r.name}: {r.fix}" for r in results if r.fix)
    if any(result.status == "fail" for result in results):
        raise typer.Exit(1)
