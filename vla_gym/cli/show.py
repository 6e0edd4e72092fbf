"""``vla-gym show KIND NAME``: what may be set, and of an environment also what it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vla_gym.contract.spec import EnvContract
    from vla_gym.options import OptionHelp
    from vla_gym.plugins import EnvEntry
    from vla_gym.results import Table
    from vla_gym.schema import Record

_ENV, _POLICY, _SUITE = "env", "policy", "suite"


def show_command(
    kind: Annotated[str, typer.Argument(help="env, policy or suite.")],
    name: Annotated[str, typer.Argument(help="Registered name, or path of a file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the options of a policy or a suite (--set), or what an environment offers and takes."""
    from vla_gym.cli.console import print_json, print_lines, print_tables

    if kind == _ENV:
        _show_env(name, as_json=as_json)
        return
    rows = _rows(_options(kind, name))
    if as_json:
        print_json(rows)
    elif not rows:
        print_lines([f"{kind} {name} has no options."])
    else:
        print_tables([_table(f"{kind} {name}", rows)])


def _show_env(name: str, *, as_json: bool) -> None:
    """Print the contract, the sub-tasks and the keywords of an environment."""
    from vla_gym.cli.console import print_json, print_lines, print_tables
    from vla_gym.env.registration import contract_of, tasks_of

    contract, tasks = contract_of(name), tasks_of(name)
    rows, resets, problem = _env_options(name)
    if as_json:
        offers = contract.model_dump(mode="json")
        found = {"tasks": tasks, "options": rows, "reset_options": resets, "problem": problem}
        print_json({"env": name, "contract": offers, **found})
        return
    print_lines(_contract_lines(name, contract))
    if tasks is not None:
        print_lines([f"tasks           {', '.join(tasks)}"])
    if resets:
        print_lines([f"reset options   {', '.join(resets)}"])
    if problem:
        print_lines([f"options         {problem}"])
    if rows:
        print_tables([_table("options (env_kwargs of a suite, gymnasium.make)", rows)])


def _contract_lines(name: str, contract: EnvContract) -> Iterator[str]:
    yield name
    for role, camera in contract.cameras.items():
        yield f"camera          {role}: {camera.height} x {camera.width}"
    for field in contract.proprioception:
        frame = f", {field.frame.value} frame" if field.frame is not None else ""
        yield f"proprioception  {field.name}: {field.size} ({field.unit}{frame})"
    for part in contract.action.parts:
        place = contract.action.slices[part.name]
        said = part.model_dump(mode="json", exclude_defaults=True)
        words = ", ".join(f"{key} {said[key]}" for key in said if key not in ("kind", "arm"))
        yield f"action          {part.name} [{place.start}:{place.stop}]: {words}"
    yield f"control         {contract.action.control_hz:g} Hz"
    if contract.privileged:
        yield f"privileged      {', '.join(contract.privileged)} (for scripted experts)"


def _env_options(name: str) -> tuple[list[dict[str, str]], list[str], str]:
    """Return keywords and reset options of an environment, or why they cannot be told."""
    from vla_gym.errors import MissingDependencyError, PluginError
    from vla_gym.options import describe, describe_call, options_model
    from vla_gym.plugins import EnvEntry
    from vla_gym.registry import registry

    if name not in registry().names(EnvEntry):
        return [], [], "no plugin speaks for it"
    entry: EnvEntry = registry().get(EnvEntry, name).entry
    try:
        target = registry().load(EnvEntry, name)
    except (MissingDependencyError, PluginError) as error:
        return [], [], str(error)
    found: list[OptionHelp] = list(describe_call(target, entry.kwargs))
    if entry.options:
        found += describe(options_model(entry.options))
    return _rows(found), list(getattr(target, "reset_options", ())), ""


def _options(kind: str, name: str) -> Iterable[OptionHelp]:
    """Return the options of a policy or suite, with what they are if nobody sets anything."""
    from vla_gym.errors import OptionError, UnknownNameError
    from vla_gym.options import describe
    from vla_gym.policies.ref import policy_defaults, policy_options
    from vla_gym.suites import suite_defaults, suite_options

    readers = {
        _POLICY: (policy_options, policy_defaults),
        _SUITE: (suite_options, suite_defaults),
    }
    if kind not in readers:
        raise UnknownNameError("kind", kind, [_ENV, *readers])
    model, defaults = readers[kind]
    values: Record | None = None
    try:
        values = defaults(name)
    except OptionError:  # something has to be set
        values = None
    return describe(model(name), values)


def _rows(options: Iterable[OptionHelp]) -> list[dict[str, str]]:
    return [
        {
            "option": one.name,
            "type": one.type,
            "default": one.default,
            "what it is": f"{one.help}{' (not part of the identity of a run)' * one.runtime}",
        }
        for one in options
    ]


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    from vla_gym.results import Table

    return Table(title, tuple(rows[0]), (tuple(tuple(row.values()) for row in rows),), text=True)
