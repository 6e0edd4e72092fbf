"""``vla-gym list KIND``: what is registered, by whom, and why something is not usable."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(str, Enum):
    """What can be listed."""

    ENVS = "envs"
    POLICIES = "policies"
    SUITES = "suites"
    BACKBONES = "backbones"
    DATASETS = "datasets"
    PLUGINS = "plugins"


def list_command(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what is registered."""
    from vla_gym.cli.console import print_json, print_lines, print_tables
    from vla_gym.results import Table

    rows = list(_plugins() if kind is Kind.PLUGINS else _entries(kind.value))
    if as_json:
        print_json(rows)
        return
    if not rows:
        print_lines([f"No {kind.value} are registered: is the plugin that brings them installed?"])
        return
    columns = tuple(rows[0])
    cells = tuple(tuple(row[column] for column in columns) for row in rows)
    print_tables([Table(kind.value, columns, (cells,), text=True)])


def _entries(kind: str) -> Iterator[dict[str, str]]:
    from vla_gym.registry import registry

    for item in registry().items(kind):
        yield {
            "name": item.entry.name,
            "summary": item.entry.summary,
            "distribution": item.plugin.distribution,
            "problem": item.problem,
        }


def _plugins() -> Iterator[dict[str, str]]:
    from vla_gym.registry import registry

    for plugin in registry().plugins:
        yield {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "problem": plugin.error,
        }
