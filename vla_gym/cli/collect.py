"""``vla-gym collect``: demonstrations of an expert, as a LeRobot v3 data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vla_gym.cli.evaluate import SetOption


def collect_command(
    policy: Annotated[str, typer.Option(help="Registered name of the expert.")],
    suite: Annotated[str, typer.Option(help="Registered name, or path of a suite file.")],
    out: Annotated[Path, typer.Option(help="Folder of the data set.")],
    limit: Annotated[int | None, typer.Option(help="Only the first N episodes.")] = None,
    workers: Annotated[str, typer.Option(metavar="N|auto", help="Processes.")] = "auto",
    form: Annotated[
        str, typer.Option("--format", help="Record whole episodes, in this format.")
    ] = "",
    settings: SetOption = None,
) -> None:
    """Run an expert and record what succeeded; the same command again resumes where it stopped."""
    from vla_gym.cli.console import print_lines
    from vla_gym.cli.options import parse_options
    from vla_gym.collection.collect import collect
    from vla_gym.collection.whole import record
    from vla_gym.runner.options import run_options
    from vla_gym.suites import load_suite

    given = parse_options(settings or (), policy=policy, suite=suite)
    the_suite = load_suite(suite, given.suite)
    options = run_options(None, {"workers": workers, "limit": limit, **given.run})
    try:
        if form:
            count = record(policy, the_suite, out, form, options, policy_options=given.policy)
        else:
            count = len(collect(policy, the_suite, out, options, policy_options=given.policy))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    print_lines([f"{count} demonstrations in {out} (vla-gym dataset info {out})"])
