"""``vla-gym list KIND``: what is registered, and by whom."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vla_gym.plugins import PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vla_gym.results import Table

_KIND = "envs, policies, suites, backbones, datasets, plugins ..."
Row = dict[str, Any]


def list_command(
    kind: Annotated[str, typer.Argument(help=f"What to list: {_KIND}")],
    only: Annotated[
        str,
        typer.Option("--filter", metavar="TEXT", help="Only what has this in its name or summary."),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what is registered, in groups by the package that brings it."""
    from vla_gym.cli.console import print_json, print_lines, print_tables

    rows = [row for row in (_plugins() if kind == PLUGINS else _entries(kind)) if _has(row, only)]
    if as_json:
        print_json(rows)
    elif rows:
        print_tables(_plugin_table(rows) if kind == PLUGINS else _tables(rows))
    elif only:
        print_lines([f"No {kind} have {only!r} in their name or summary."])
    else:
        print_lines([f"No {kind} are registered: is the plugin that brings them installed?"])


def _has(row: Row, text: str) -> bool:
    said = (row["name"], row.get("summary", ""), row["distribution"])
    return any(text.casefold() in part.casefold() for part in said)


def _tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Yield a table for each distribution; why something cannot be used stands below it."""
    from vla_gym.results import Table
    from vla_gym.results.fitting import Footnotes

    def title(row: Row) -> str:
        return str(row["distribution"])

    for distribution, group in groupby(sorted(rows, key=title), title):
        problems = Footnotes()
        cells = tuple(
            (f"{row['name']} {problems.mark(row['problem'])}".strip(), row["summary"])
            for row in group
        )
        yield Table(
            distribution, ("name", "summary"), (cells,), text=True, footnotes=problems.lines
        )


def _plugin_table(rows: Sequence[Row]) -> Iterator[Table]:
    from vla_gym.results import Table
    from vla_gym.results.fitting import Footnotes

    problems = Footnotes()
    cells = tuple((row["name"], row["distribution"], problems.mark(row["problem"])) for row in rows)
    columns = ("name", "distribution", "problem")
    yield Table(PLUGINS, columns, (cells,), text=True, footnotes=problems.lines)


def _entries(kind: str) -> Iterator[Row]:
    from vla_gym.errors import UnknownNameError
    from vla_gym.plugins import core_kinds
    from vla_gym.registry import registry

    known = {*registry().kinds(), *(entry.kind for entry in core_kinds())}
    if kind not in known:
        raise UnknownNameError("kind", kind, [*known, PLUGINS])
    for item in registry().listed(kind):
        yield {
            "name": item.entry.name,
            "summary": item.entry.summary,
            "distribution": item.plugin.distribution,
            "problem": item.problem,
        }


def _plugins() -> Iterator[Row]:
    from vla_gym.registry import registry

    for plugin in registry().plugins:
        yield {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "problem": plugin.error,
        }
