"""``vla-gym checkpoint``: look into model files, and make them evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="Look into model files and convert them.")

File = Annotated[Path, typer.Argument(help="File or folder.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Option of the format; repeatable."),
]


@app.command("inspect")
def inspect_command(path: File, settings: Settings = None) -> None:
    """Say what is in a checkpoint and what of it fits."""
    from vla_gym.checkpoints import checkpoint_format
    from vla_gym.cli.console import print_lines

    print_lines(checkpoint_format(path).inspect(path, _options(settings)))


@app.command("convert")
def convert_command(
    path: File,
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist or be empty.")],
    settings: Settings = None,
) -> None:
    """Write a checkpoint that evaluates with vla-gym eval."""
    from vla_gym.checkpoints import checkpoint_format
    from vla_gym.cli.console import print_lines
    from vla_gym.errors import OptionError

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OptionError(f"--out {out} is not an empty folder; nothing was written.")
    print_lines(checkpoint_format(path).convert(path, out, _options(settings)))


def _options(settings: list[str] | None) -> dict[str, Any]:
    from vla_gym.cli.options import nested

    return nested(settings or ())
