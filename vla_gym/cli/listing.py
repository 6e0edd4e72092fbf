"""``vla-gym list KIND``: what is registered, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGINS = "plugins"
_KIND = "envs, policies, suites, backbones, datasets, plugins ..."


def list_command(
    kind: Annotated[str, typer.Argument(help=f"What to list: {_KIND}")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what is registered."""
    from vla_gym.cli.console import print_json, print_lines, print_tables
    from vla_gym.results import Table

    rows = list(_plugins() if kind == PLUGINS else _entries(kind))
    if as_json:
        print_json(rows)
        return
    if not rows:
        print_lines([f"No {kind} are registered: is the plugin that brings them installed?"])
        return
    columns = tuple(rows[0])
    cells = tuple(tuple(row[column] for column in columns) for row in rows)
    print_tables([Table(kind, columns, (cells,), text=True)])


def _entries(kind: str) -> Iterator[dict[str, Any]]:
    from vla_gym.errors import UnknownNameError
    from vla_gym.registry import registry

    known = {*registry().kinds(), *_always()}
    if kind not in known:
        raise UnknownNameError("kind", kind, [*known, PLUGINS])
    for item in registry().listed(kind):
        yield {
            "name": item.entry.name,
            "summary": item.entry.summary,
            "distribution": item.plugin.distribution,
            "problem": item.problem,
        }


def _always() -> set[str]:
    """Return the kinds of the core, also where nothing of them is registered."""
    from vla_gym import plugins

    entries = (value for value in vars(plugins).values() if isinstance(value, type))
    return {entry.kind for entry in entries if issubclass(entry, plugins.Entry)} - {"entries"}


def _plugins() -> Iterator[dict[str, str]]:
    from vla_gym.registry import registry

    for plugin in registry().plugins:
        yield {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "problem": plugin.error,
        }
