"""``vla-gym eval``: a policy over a suite, a table, and where everything lies."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vla_gym.files import shown

if TYPE_CHECKING:
    from vla_gym.results import Results


class Videos(str, Enum):
    """Which episodes are filmed."""

    FAILURES = "failures"
    ALL = "all"
    NONE = "none"


SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Option of the policy, the suite or the run (policy.KEY, suite.KEY, run.KEY say "
        "whose); repeatable.",
    ),
]


def evaluate_command(
    policy: Annotated[
        str, typer.Option(help="Registered name (vla-gym list policies), or path of a policy file.")
    ],
    suite: Annotated[str, typer.Option(help="Registered name, or path of a suite file.")],
    limit: Annotated[int | None, typer.Option(help="Only the first N episodes.")] = None,
    workers: Annotated[
        str, typer.Option(metavar="N|auto", help="Processes that run environments.")
    ] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Directory of the run [default: runs/POLICY__SUITE].")
    ] = None,
    video: Annotated[Videos, typer.Option(help="Which episodes are filmed.")] = Videos.FAILURES,
    settings: SetOption = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Most observations in one call of the policy.")
    ] = None,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Run episodes again that ended in an error.")
    ] = False,
    watchdog: Annotated[
        float, typer.Option(help="Seconds of silence after which a worker is replaced.")
    ] = 300.0,
    threads: Annotated[
        int, typer.Option(help="Threads of the policy on a CPU; another number is another run.")
    ] = 1,
) -> None:
    """Evaluate a policy on a suite; the same command again resumes where it stopped."""
    from vla_gym.cli.options import parse_options
    from vla_gym.grid.names import run_name
    from vla_gym.runner.evaluation import evaluate

    options = parse_options(settings or (), policy=policy, suite=suite)
    folder = out or Path("runs") / run_name(policy, suite)
    flags = {
        "workers": workers,
        "limit": limit,
        "batch_size": batch_size,
        "video": video.value,
        "watchdog": watchdog,
        "retry_errors": retry_errors,
        "threads": threads,
    }
    try:
        results = evaluate(
            policy,
            suite,
            folder,
            policy_options=options.policy,
            suite_options=options.suite,
            **{**flags, **options.run},
        )
    except KeyboardInterrupt:
        # The runner has said what is safe and how to go on.
        raise typer.Exit(130) from None
    show_results(results)
    asked = min(limit or results.run.episodes, results.run.episodes)
    if results.errors or len(results.records) < asked:
        raise typer.Exit(1)


def show_results(results: Results) -> None:
    """Print tables, notes and paths of a run."""
    from vla_gym.cli.console import print_lines, print_tables
    from vla_gym.results import notes, tables

    print_tables(tables(results))
    print_lines([*notes(results), *_paths(results)])


def _paths(results: Results) -> list[str]:
    if results.path is None:
        return []
    folder = shown(results.path)
    lines = [f"results: {folder}"]
    videos = sorted((folder / "videos").glob("[!.]*.mp4"))
    if videos:
        more = f" (and {len(videos) - 1} more)" if len(videos) > 1 else ""
        lines.append(f"videos: {videos[0]}{more}")
    return lines
