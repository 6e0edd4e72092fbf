"""``vla-gym train``: from demonstrations to a checkpoint that can be evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vla_gym.cli.checkpoint import Settings


def train_command(
    config: Annotated[Path, typer.Argument(help="The training, a YAML file.")],
    out: Annotated[Path, typer.Option(help="Folder of the training.")],
    data: Annotated[
        list[Path] | None, typer.Option(help="Data set instead of those of the file; may repeat.")
    ] = None,
    settings: Settings = None,
) -> None:
    """Train a policy; the same command again resumes where it stopped."""
    from vla_gym.cli.console import print_lines
    from vla_gym.cli.options import nested
    from vla_gym.training.run import train

    changes: dict[str, Any] = nested(settings or ())
    if data:
        changes["data"] = [{"path": str(path)} for path in data]
    try:
        folder = train(config, out, options=changes)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    print_lines([f"Checkpoint in {folder}: vla-gym eval --policy {folder}/policy.yaml --suite ..."])
