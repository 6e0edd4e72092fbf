"""What is registered, by kind and name: the view of the plugins that the rest of the core uses.

A registry is built once a process, when it is first asked for. Everything in it is an entry with
an import string; ``load`` imports it and turns a missing dependency into one line with the command
that installs it.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from vla_gym import plugins
from vla_gym.errors import MissingDependencyError, PluginError, UnknownNameError
from vla_gym.plugins import Entry, PluginInfo

KINDS: Mapping[str, type[Entry]] = {
    "envs": plugins.EnvEntry,
    "policies": plugins.PolicyEntry,
    "suites": plugins.SuiteEntry,
    "suite_formats": plugins.SuiteFormatEntry,
    "backbones": plugins.BackboneEntry,
    "datasets": plugins.DatasetEntry,
    "report_sections": plugins.ReportSectionEntry,
    "assets": plugins.AssetEntry,
    "checkpoints": plugins.CheckpointEntry,
    "checks": plugins.CheckEntry,
}

EntryT = TypeVar("EntryT", bound=Entry)


@dataclass(frozen=True)
class Registered:
    """An entry and the plugin it came from."""

    entry: Entry
    plugin: PluginInfo

    @property
    def problem(self) -> str:
        """Why it cannot be used here, or an empty string."""
        absent = [name for name in self.entry.requires if importlib.util.find_spec(name) is None]
        if not absent:
            return ""
        hint = f"; install with: {self.entry.install}" if self.entry.install else ""
        return f"needs {', '.join(absent)}{hint}"


class Registry:
    """All entries of all plugins.

    Attributes:
        plugins: One record a plugin found, usable or not.
    """

    def __init__(self, group: str = plugins.GROUP) -> None:
        """Discover the plugins of an entry-point group and collect their entries."""
        self._manager, infos = plugins.discover(group)
        self._kinds: dict[str, dict[str, Registered]] = {kind: {} for kind in KINDS}
        self.plugins = [self._collect(info) for info in infos]

    def items(self, kind: str) -> Iterator[Registered]:
        """Yield the registered things of a kind, sorted by name."""
        for name in sorted(self._kinds[kind]):
            yield self._kinds[kind][name]

    def names(self, kind: str) -> list[str]:
        """Return the sorted names of a kind."""
        return sorted(self._kinds[kind])

    def get(self, kind: str, name: str) -> Registered:
        """Return one registered thing.

        Raises:
            UnknownNameError: With near matches, when there is none of that name.
        """
        try:
            return self._kinds[kind][name]
        except KeyError:
            singular = {"policies": "policy"}.get(kind, kind.rstrip("s").replace("_", " "))
            raise UnknownNameError(singular, name, self._kinds[kind]) from None

    def entry(self, kind: str, name: str, entry_type: type[EntryT]) -> EntryT:
        """Return the entry of a kind and name, typed."""
        return cast(EntryT, _typed(self.get(kind, name).entry, entry_type))

    def load(self, kind: str, name: str) -> Any:
        """Import what an entry names.

        Raises:
            MissingDependencyError: When a module that it requires is absent.
        """
        registered = self.get(kind, name)
        if problem := registered.problem:
            raise MissingDependencyError(f"{name} {problem}")
        return load_target(registered.entry.target)

    def _collect(self, info: PluginInfo) -> PluginInfo:
        if info.module is None:
            return info
        try:
            gathered = [(kind, entry) for kind in KINDS for entry in self._entries(info, kind)]
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            warnings.warn(f"vla_gym plugin {info.name!r} is skipped: {reason}", stacklevel=2)
            return PluginInfo(info.name, info.distribution, error=reason)
        for kind, entry in gathered:
            self._add(kind, Registered(entry, info))
        return info

    def _entries(self, info: PluginInfo, kind: str) -> list[Entry]:
        hook = getattr(info.module, f"vla_gym_register_{kind}", None)
        entries = list(hook()) if hook is not None else []
        return [_typed(entry, KINDS[kind]) for entry in entries]

    def _add(self, kind: str, registered: Registered) -> None:
        name = registered.entry.name
        other = self._kinds[kind].get(name)
        if other is not None:
            warnings.warn(
                f"{kind}: {name!r} of plugin {registered.plugin.name!r} is ignored, "
                f"{other.plugin.name!r} already brings it",
                stacklevel=2,
            )
            return
        self._kinds[kind][name] = registered


def _typed(entry: object, entry_type: type[Entry]) -> Entry:
    """Return ``entry`` if it is of the type that its hook promises."""
    if not isinstance(entry, entry_type):
        raise PluginError(f"expected {entry_type.__name__}, got {entry!r}")
    return entry


def load_target(target: str) -> Any:
    """Import ``"package.module:attribute"``.

    Raises:
        PluginError: When the string is malformed or names nothing.
    """
    module_name, _, attribute = target.partition(":")
    if not module_name or not attribute:
        raise PluginError(
            f"Import string {target!r} is not of the form 'package.module:attribute'."
        )
    module = importlib.import_module(module_name)
    try:
        return getattr(module, attribute)
    except AttributeError:
        raise PluginError(
            f"{module_name} has no attribute {attribute!r} (from {target!r})."
        ) from None


def takes_option(function: Callable[..., Any], option: str) -> bool:
    """Whether a callable has a parameter of that name, or takes any."""
    parameters = inspect.signature(function).parameters
    if option in parameters:
        return True
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Return the registry of this process (``registry.cache_clear()`` discovers again)."""
    return Registry()


def format_of(kind: str, path: Path) -> Any | None:
    """Return the first registered format of a kind that recognises a path, or ``None``."""
    formats = (registry().load(kind, name) for name in registry().names(kind))
    return next((found for found in formats if found.recognises(path)), None)
