"""``vla-gym list KIND`` and ``show KIND NAME``: what is registered, by whom, and its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vla_gym.schema import Record

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


def show_command(
    kind: Annotated[str, typer.Argument(help="policy or suite.")],
    name: Annotated[str, typer.Argument(help="Registered name, or path of a file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the options of a policy or a suite: what ``--set`` takes."""
    from vla_gym.cli.console import print_json, print_lines, print_tables
    from vla_gym.options import describe
    from vla_gym.results import Table

    rows = [
        {
            "option": one.name,
            "type": one.type,
            "default": one.default,
            "what it is": f"{one.help}{' (not part of the identity of a run)' * one.runtime}",
        }
        for one in describe(*_options(kind, name))
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        print_lines([f"{kind} {name} has no options."])
    else:
        cells = tuple(tuple(row.values()) for row in rows)
        print_tables([Table(f"{kind} {name}", tuple(rows[0]), (cells,), text=True)])


def _options(kind: str, name: str) -> tuple[type[Record], Record | None]:
    """Return the model of the options, and what they are if nobody sets anything.

    Where something has to be set the latter is ``None``.
    """
    from vla_gym.errors import OptionError, UnknownNameError
    from vla_gym.policies.ref import policy_defaults, policy_options
    from vla_gym.suites import suite_defaults, suite_options

    readers = {
        "policy": (policy_options, policy_defaults),
        "suite": (suite_options, suite_defaults),
    }
    if kind not in readers:
        raise UnknownNameError("kind", kind, readers)
    model, defaults = readers[kind]
    try:
        return model(name), defaults(name)
    except OptionError:
        return model(name), None


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
