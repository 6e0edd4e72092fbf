"""What is registered, by kind and name: the view of the plugins that the rest of the core uses.

A registry is built once per process, when it is first asked for. A kind is a class of entries.
Everything in it has an import string; ``load`` imports it and turns a missing dependency into one
line with the command that installs it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from vla_gym import discovery, plugins
from vla_gym.discovery import PluginInfo
from vla_gym.errors import (
    MissingDependencyError,
    PluginError,
    UnknownNameError,
    VlaGymError,
)
from vla_gym.extras import install_hint
from vla_gym.plugins import Entry

EntryT = TypeVar("EntryT", bound=Entry)


@dataclass(frozen=True)
class Registered(Generic[EntryT]):
    """An entry and the plugin it came from."""

    entry: EntryT
    plugin: PluginInfo

    @property
    def problem(self) -> str:
        """Why it cannot be used here, or an empty string."""
        absent = [name for name in self.entry.requires if not _is_installed(name)]
        if not absent:
            return ""
        hint = f"; install with: {self.entry.install}" if self.entry.install else ""
        return f"needs {', '.join(absent)}{hint}"


class Registry:
    """All entries of all plugins.

    Attributes:
        plugins: One record per plugin found, usable or not.
    """

    def __init__(self, group: str = plugins.GROUP) -> None:
        """Discover the plugins of an entry-point group and collect their entries."""
        self.plugins = discovery.discover(group)
        self._found: dict[str, dict[str, Registered[Entry]]] = {}
        for info in self.plugins:
            for entry in info.entries:
                self.add(entry, info)

    def kinds(self) -> list[str]:
        """Return the kinds of which something is registered, as ``vla-gym list`` calls them."""
        return sorted(self._found)

    def items(self, kind: type[EntryT]) -> Iterator[Registered[EntryT]]:
        """Yield the registered things of a kind, sorted by name."""
        found = self._of(kind)
        for name in sorted(found):
            yield found[name]

    def listed(self, kind: str) -> Iterator[Registered[Entry]]:
        """Yield the registered things of a kind by its word, sorted by name."""
        for _, registered in sorted(self._found.get(kind, {}).items()):
            yield registered

    def names(self, kind: type[Entry]) -> list[str]:
        """Return the sorted names of a kind."""
        return sorted(self._of(kind))

    def get(self, kind: type[EntryT], name: str) -> Registered[EntryT]:
        """Return one registered thing.

        Raises:
            UnknownNameError: With near matches, when there is none of that name.
        """
        found = self._of(kind)
        if name not in found:
            raise UnknownNameError(kind.word, name, found, install_hint(name))
        return found[name]

    def load(self, kind: type[Entry], name: str) -> Any:
        """Import what an entry names.

        Raises:
            UnknownNameError: When there is none of that name.
            MissingDependencyError: When a module that it requires is absent.
            PluginError: When its import string leads nowhere, or what it names cannot be imported.
        """
        registered = self.get(kind, name)
        if problem := registered.problem:
            raise MissingDependencyError(f"{name} {problem}")
        return load_target(registered.entry.target)

    def loaded(self, kind: type[EntryT]) -> Iterator[tuple[str, Any]]:
        """Yield names and targets of a kind; one that cannot be imported is a warning."""
        for item in self.items(kind):
            name = item.entry.name
            try:
                found = self.load(kind, name)
            except MissingDependencyError:
                continue
            except PluginError as error:
                warnings.warn(f"{kind.word} {name!r} is left out: {error}", stacklevel=2)
                continue
            yield name, found

    def add(self, entry: Entry, info: PluginInfo) -> None:
        """Register an entry of a plugin; the first one of a name stays."""
        found = self._found.setdefault(entry.kind, {})
        other = found.setdefault(entry.name, Registered(entry, info))
        if other.entry is not entry:
            warnings.warn(
                f"{entry.kind}: {entry.name!r} of plugin {info.name!r} is ignored, "
                f"{other.plugin.name!r} already brings it",
                stacklevel=2,
            )

    def _of(self, kind: type[EntryT]) -> dict[str, Registered[EntryT]]:
        return cast("dict[str, Registered[EntryT]]", self._found.get(kind.kind, {}))


def load_target(target: str) -> Any:
    """Import ``"package.module:attribute"``.

    Raises:
        PluginError: When the string is malformed or leads nowhere, or its module raises or exits.
    """
    module_name, _, attribute = target.partition(":")
    if not module_name or not attribute:
        raise PluginError(
            f"Import string {target!r} is not of the form 'package.module:attribute'."
        )
    try:
        module = importlib.import_module(module_name)
    except VlaGymError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{target!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    try:
        return getattr(module, attribute)
    except AttributeError:
        raise PluginError(
            f"{module_name} has no attribute {attribute!r} (from {target!r})."
        ) from None


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Return the registry of this process (``registry.cache_clear()`` discovers again)."""
    return Registry()


def format_of(kind: type[EntryT], path: Path) -> tuple[EntryT, Any] | None:
    """Return the first registered format of a kind that recognises a path, or ``None``."""
    for name, found in registry().loaded(kind):
        try:
            recognised = found.recognises(path)
        except (Exception, SystemExit) as error:
            warnings.warn(
                f"{kind.word} {name!r} is left out: {type(error).__name__}: {error}", stacklevel=2
            )
            continue
        if recognised:
            return registry().get(kind, name).entry, found
    return None


def _is_installed(module: str) -> bool:
    with contextlib.suppress(Exception, SystemExit):  # of the package around it
        return importlib.util.find_spec(module) is not None
    return False
