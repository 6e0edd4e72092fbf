"""``vla-gym video strip``: a rollout in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Work with the videos of rollouts.")


@app.callback()
def _video() -> None:
    """Work with the videos of rollouts."""


@app.command("strip")
def strip_command(
    video: Annotated[Path, typer.Argument(help="The mp4 of an episode.")],
    out: Annotated[Path, typer.Option(help="The PNG to write.")],
    frames: Annotated[int, typer.Option(help="How many frames, evenly spaced.")] = 8,
    columns: Annotated[int, typer.Option(help="Frames a row.")] = 4,
    width: Annotated[int | None, typer.Option(help="Width of the PNG in pixels.")] = None,
) -> None:
    """Write frames of a video side by side into one picture."""
    from vla_gym.cli.console import print_lines
    from vla_gym.report import save_strip

    print_lines([str(save_strip(video, out, frames=frames, columns=columns, width=width))])
