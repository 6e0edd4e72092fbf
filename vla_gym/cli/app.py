"""The commands, put together."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from vla_gym.cli import (
    assets,
    checkpoint,
    collect,
    dataset,
    doctor,
    evaluate,
    listing,
    matrix,
    results,
    suite,
    train,
    version,
    video,
)

DEBUG_VARIABLE = "VLA_GYM_DEBUG"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Evaluate robot policies: one install, one contract, one runner.",
)


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


app.command("eval")(evaluate.evaluate_command)
app.command("collect")(collect.collect_command)
app.command("train")(train.train_command)
app.command("matrix")(matrix.matrix_command)
app.command("list")(listing.list_command)
app.command("show")(listing.show_command)
app.add_typer(suite.app, name="suite")
app.add_typer(results.app, name="results")
app.add_typer(video.app, name="video")
app.add_typer(assets.app, name="assets")
app.add_typer(checkpoint.app, name="checkpoint")
app.add_typer(dataset.app, name="dataset")
app.command("doctor")(doctor.doctor_command)
app.command("version")(version.version_command)
