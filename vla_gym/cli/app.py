"""The commands, put together."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Annotated, Any

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
    show,
    suite,
    train,
    version,
    video,
)

DEBUG_VARIABLE = "VLA_GYM_DEBUG"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Evaluate robot policies: one install, one contract, one runner.",
)


def _version(asked: bool) -> None:
    if asked:
        version.version_command()
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    show_version: Annotated[  # noqa: ARG001 (its callback has ended the program)
        bool,
        typer.Option("--version", help="Show versions.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


@lru_cache(maxsize=1)
def command() -> Any:
    """Return all commands as ``main`` calls them: nobody but them ends the program or prints."""
    whole = typer.main.get_command(app)
    _guard(whole)
    return whole


def _guard(command: Any) -> None:
    for inner in getattr(command, "commands", {}).values():
        if hasattr(inner, "commands"):
            _guard(inner)
        else:
            inner.callback = _guarded(inner.callback)


def _guarded(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command whose results alone go to standard output."""

    @wraps(callback)
    def guarded(*arguments: Any, **options: Any) -> Any:
        from vla_gym.cli.console import results_only
        from vla_gym.errors import PluginError
        from vla_gym.staying import staying

        with results_only(), staying():
            try:
                return callback(*arguments, **options)
            except SystemExit as error:  # commands themselves raise typer.Exit
                raise PluginError(
                    f"A plugin called sys.exit({error.code!r}); --debug shows where."
                ) from error

    return guarded


app.command("eval")(evaluate.evaluate_command)
app.command("collect")(collect.collect_command)
app.command("train")(train.train_command)
app.command("matrix")(matrix.matrix_command)
app.command("list")(listing.list_command)
app.command("show")(show.show_command)
app.add_typer(suite.app, name="suite")
app.add_typer(results.app, name="results")
app.add_typer(video.app, name="video")
app.add_typer(assets.app, name="assets")
app.add_typer(checkpoint.app, name="checkpoint")
app.add_typer(dataset.app, name="dataset")
app.command("doctor")(doctor.doctor_command)
app.command("version")(version.version_command)
