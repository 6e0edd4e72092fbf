"""``vla-gym dataset``: look into demonstrations, check them, and convert them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vla_gym.cli.checkpoint import Settings

if TYPE_CHECKING:
    from vla_gym.datasets import Dataset

app = typer.Typer(no_args_is_help=True, help="Look into demonstrations and convert them.")

_SHOWN = 5  # instructions

Folder = Annotated[Path, typer.Argument(help="The data set.")]
Spec = Annotated[
    str | None,
    typer.Option("--spec", help="What its numbers mean: a YAML file, or a name (dataset-specs)."),
]


@app.command("info")
def info_command(path: Folder, spec: Spec = None, settings: Settings = None) -> None:
    """Say what is in a data set, without looking at its pictures; proposes a spec where none is."""
    from vla_gym.cli.console import print_lines
    from vla_gym.datasets import describe_folder
    from vla_gym.errors import SpecMissingError

    try:
        dataset = _open(path, spec, settings)
    except SpecMissingError as error:
        lines = list(describe_folder(path))
        if not lines:
            raise
        print_lines([*lines, str(error)])
    else:
        print_lines(_described(dataset))


@app.command("check")
def check_command(
    path: Folder,
    replay: Annotated[
        bool, typer.Option("--replay", help="Do every episode again; is its label true?")
    ] = False,
    spec: Spec = None,
    settings: Settings = None,
) -> None:
    """Read every number and every picture; ends with an error at the first that is damaged."""
    from vla_gym.cli.console import print_lines
    from vla_gym.datasets import audit_dataset

    if replay:
        wrong = list(audit_dataset(path, _options(spec, settings)))
        print_lines([*wrong, f"{len(wrong)} labels are not true."])
        raise typer.Exit(1 if wrong else 0)
    dataset = _open(path, spec, settings)
    for number in range(len(dataset.lengths)):
        dataset.episode(number)
    print_lines([f"{len(dataset.lengths)} episodes, {sum(dataset.lengths)} frames: all readable."])


@app.command("convert")
def convert_command(
    path: Folder,
    out: Annotated[Path, typer.Option(help="LeRobot v3 folder; an unfinished one is continued.")],
    spec: Spec = None,
    settings: Settings = None,
) -> None:
    """Write a data set of any format as LeRobot v3."""
    from vla_gym.cli.console import print_lines
    from vla_gym.datasets.conversion import convert

    count = convert(_open(path, spec, settings), path, out)
    print_lines([f"{count} episodes in {out}"])


def _open(path: Path, spec: str | None, settings: list[str] | None) -> Dataset:
    from vla_gym.datasets import load_dataset

    return load_dataset(path, _options(spec, settings))


def _options(spec: str | None, settings: list[str] | None) -> dict[str, Any]:
    from vla_gym.cli.options import nested

    return {**nested(settings or ()), **({} if spec is None else {"spec": spec})}


def _described(dataset: Dataset) -> Iterator[str]:
    from vla_gym.datasets import action_statistics

    lengths, spec = dataset.lengths, dataset.spec
    statistics = action_statistics(dataset)
    yield f"episodes     {len(lengths)}"
    between = f"{min(lengths)} to {max(lengths)} an episode"
    yield f"frames       {sum(lengths)} ({between}, {spec.fps:g} Hz)"
    for role, camera in spec.cameras.items():
        yield f"camera       {role}, {camera.height} x {camera.width}"
    fields = ", ".join(f"{part.name} ({part.size})" for part in spec.proprioception)
    yield f"state        {fields or 'none'}"
    for name in ("low", "q01", "mean", "q99", "high", "std"):
        numbers = " ".join(f"{value:8.4f}" for value in getattr(statistics, name))
        yield f"action {name:5s} {numbers}"
    texts = sorted({dataset.episode(n, images=False).instruction for n in range(len(lengths))})
    more = [f"... ({len(texts)} in all)"] if len(texts) > _SHOWN else []
    yield "\n  ".join(["instructions", *texts[:_SHOWN], *more])
