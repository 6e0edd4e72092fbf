"""``vla-gym suite``: ``show`` the episodes of a suite, ``preview`` how they begin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vla_gym.cli.evaluate import SetOption

if TYPE_CHECKING:
    from vla_gym.suites import EpisodeSpec, Suite

app = typer.Typer(no_args_is_help=True, help="Look at suites.")
_SHOWN = 10


@app.callback()
def _suite() -> None:
    """Look at suites."""


@app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(help="Registered name, or path of a suite file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every episode.")] = False,
    limit: Annotated[int | None, typer.Option(help="Only the first N episodes.", min=1)] = None,
    settings: SetOption = None,
) -> None:
    """Show protocol and episodes of a suite."""
    from vla_gym.cli.console import print_json
    from vla_gym.cli.options import parse_options
    from vla_gym.suites import load_suite

    suite = load_suite(name, parse_options(settings or (), suite=name).suite)
    if as_json:
        print_json(suite_json(suite, limit))
    else:
        _print(suite, limit or _SHOWN)


@app.command("preview")
def preview_command(
    names: Annotated[list[str], typer.Argument(help="Suites by name or path; each is a column.")],
    out: Annotated[Path, typer.Option(help="The .jpg or .png to write.")],
    camera: Annotated[str | None, typer.Option(help="Camera role.")] = None,
    width: Annotated[int, typer.Option(help="Width of each picture in pixels.")] = 160,
    columns: Annotated[int, typer.Option(help="Pictures a row, for a single suite.")] = 5,
    settings: SetOption = None,
) -> None:
    """Write one picture of how every task of a suite begins."""
    from vla_gym.cli.console import print_lines
    from vla_gym.cli.options import parse_options
    from vla_gym.replay.preview import preview, save_preview
    from vla_gym.suites import load_suite

    given = [parse_options(settings or (), suite=name).suite for name in names]
    suites = [load_suite(name, options) for name, options in zip(names, given, strict=True)]
    sheet = preview(suites, camera=camera, width=width, columns=columns)
    print_lines([str(save_preview(sheet, out))])


def suite_json(suite: Suite, limit: int | None = None) -> dict[str, Any]:
    """Return a suite as JSON values; the hash is that of all its episodes."""
    return {
        "name": suite.name,
        "protocol": suite.protocol.model_dump(mode="json"),
        "hash": suite.hash,
        "episodes": [_episode(episode) for episode in suite.limited(limit)],
    }


def _episode(episode: EpisodeSpec) -> dict[str, Any]:
    return episode.model_dump(mode="json", exclude={"group"})


def _print(suite: Suite, limit: int) -> None:
    from vla_gym.cli.console import print_lines, print_tables
    from vla_gym.results import Table

    protocol = suite.protocol.model_dump(mode="json")
    settings = protocol.pop("settings")
    print_lines(
        [
            f"{suite.name}: {len(suite)} episodes, hash {suite.hash}",
            *([suite.description] if suite.description else []),
            f"protocol {suite.protocol.hash}:",
            *(f"  {key}: {value}" for key, value in {**protocol, **settings}.items()),
        ]
    )
    rows = tuple(_row(index, episode) for index, episode in enumerate(suite.limited(limit)))
    print_tables([Table("episodes", ("episode", "environment", "sub-tasks"), (rows,), text=True)])
    if len(suite) > len(rows):
        print_lines([f"... and {len(suite) - len(rows)} more (--limit N, --json)"])


def _row(index: int, episode: EpisodeSpec) -> tuple[str, ...]:
    steps = " -> ".join(f"{s.name} ({s.instruction!r})" for s in episode.subtasks)
    return (str(index), episode.env_id, steps)
