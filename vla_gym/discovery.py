"""Finding the plugins, each by itself and guarded.

Whatever goes wrong in a plugin is a warning that names it, never an exception: it may raise
anything, exit, print, return something else, bring entries that are none, or take its time.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import pluggy

from vla_gym.error_text import summary
from vla_gym.errors import PluginError
from vla_gym.output import reserved_stdout
from vla_gym.plugins import GROUP, Entry, HookSpecs, check_entry
from vla_gym.staying import staying

DISABLE_VARIABLE = "VLA_GYM_DISABLE_PLUGINS"
SLOW_SECONDS = 1.0
"""A plugin that takes longer to be imported is named: every command pays for it."""
PATIENCE_SECONDS = 10.0
"""A plugin that takes longer is named while it does: it may never come back."""
MOST_ENTRIES: Final = 10_000


@dataclass(frozen=True)
class PluginInfo:
    """A plugin as discovery saw it.

    Attributes:
        name: Entry-point name.
        distribution: The installed distribution and its version, such as ``"vla-gym-x 0.1.0"``.
        error: Why it is not usable, or an empty string.
        entries: What it brings.
    """

    name: str
    distribution: str
    error: str = ""
    entries: tuple[Entry, ...] = ()


def discover(group: str = GROUP) -> list[PluginInfo]:
    """Load all plugins of an entry-point group, each guarded; return one record per plugin."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(HookSpecs)
    blocked = {n.strip() for n in os.environ.get(DISABLE_VARIABLE, "").split(",") if n.strip()}
    found: dict[str, _Plugin] = {}
    doubles: list[PluginInfo] = []
    for dist, point in _entry_points(group):
        plugin = _Plugin(dist, point)
        other = found.setdefault(point.name, plugin)
        if other is not plugin:
            doubles.append(plugin.refused(f"{other.info.distribution} brings that name already"))
    # pluggy calls the last one registered first.
    for plugin in reversed(list(found.values())):
        plugin.load(manager, blocked)
    order = [impl.plugin_name for impl in reversed(manager.hook.vla_gym_register.get_hookimpls())]
    for impl in reversed(manager.hook.vla_gym_register.get_hookimpls()):
        found[impl.plugin_name].register(impl.function)
    rest = [name for name in found if name not in order]
    return [*(found[name].info for name in (*order, *rest)), *doubles]


def _entry_points(group: str) -> list[tuple[str, importlib.metadata.EntryPoint]]:
    """Return the entry points of a group with their distributions, in a stable order."""
    found = {
        (point.name, point.value): (dist, point)
        for dist in importlib.metadata.distributions()
        for point in dist.entry_points
        if point.group == group
    }
    return [(_title(found[key][0]), found[key][1]) for key in sorted(found)]


def _title(dist: importlib.metadata.Distribution) -> str:
    """Return name and version of a distribution, as far as it says them."""
    try:
        return f"{dist.metadata['Name']} {dist.version}"
    except Exception:
        return f"a distribution without metadata ({getattr(dist, '_path', '?')})"


class _Plugin:
    """One plugin on its way to a ``PluginInfo``; whatever goes wrong becomes its ``error``."""

    def __init__(self, distribution: str, point: importlib.metadata.EntryPoint) -> None:
        self._point = point
        self.info = PluginInfo(point.name, distribution)

    def refused(self, reason: str) -> PluginInfo:
        """Leave the plugin out and say why."""
        self._set(error=reason)
        warnings.warn(f"{self} is skipped: {reason}", stacklevel=4)
        return self.info

    def load(self, manager: pluggy.PluginManager, blocked: set[str]) -> None:
        """Import the plugin and hand it to pluggy."""
        name = self.info.name
        if name in blocked:
            self._set(error=f"disabled by {DISABLE_VARIABLE}")
            return
        with self._guarded():
            if self._point.pattern.match(self._point.value) is None:
                raise PluginError(f"its entry point is {self._point.value!r}, expected a module")
            began = time.perf_counter()
            manager.register(self._point.load(), name=name)
            manager.check_pending()
            self._warn_if_slow(time.perf_counter() - began)
        if self.info.error and manager.has_plugin(name):
            manager.unregister(name=name)

    def register(self, function: Callable[..., Any]) -> None:
        """Ask the plugin what it brings."""
        with self._guarded():
            found = function()
            if not isinstance(found, Iterable) or isinstance(found, (str, bytes)):
                raise PluginError(f"expected entries (vla_gym.plugins), got {found!r}")
            entries = tuple(islice(found, MOST_ENTRIES + 1))
            if len(entries) > MOST_ENTRIES:
                raise PluginError(f"it brings more than {MOST_ENTRIES} entries")
            for entry in entries:
                check_entry(entry)
            self._set(entries=entries)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn whatever the plugin raises into its ``error``; what it prints spoils no output."""
        try:
            with reserved_stdout(), staying(), self._announced():
                yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit: a plugin does not end our program
            self._set(error=summary(error))
            warnings.warn(f"{self} is skipped: {self.info.error}", stacklevel=5)

    @contextlib.contextmanager
    def _announced(self) -> Iterator[None]:
        """Name the plugin when it has been waited for long."""
        text = f"Waiting for {self} ... ({DISABLE_VARIABLE}={self.info.name} leaves it out)"
        timer = threading.Timer(PATIENCE_SECONDS, lambda: print(text, file=sys.stderr, flush=True))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _warn_if_slow(self, seconds: float) -> None:
        if seconds > SLOW_SECONDS:
            warnings.warn(
                f"{self} took {seconds:.1f} s to be imported, which every command waits for; "
                "import what is heavy where it is used",
                stacklevel=5,
            )

    def _set(self, *, error: str = "", entries: tuple[Entry, ...] = ()) -> None:
        self.info = PluginInfo(self.info.name, self.info.distribution, error, entries)

    def __str__(self) -> str:
        return f"vla_gym plugin {self.info.name!r} ({self.info.distribution})"
