"""How everything that is not the core gets in: one pluggy hook, entry-point group ``vla_gym``.

The built-in environments and policies use this same door. ``vla_gym_register`` returns plain
entries; the class of an entry says what it is, its import strings say where, so that discovery
imports no simulator and no torch. Each plugin is called by itself and guarded: whatever goes wrong
in it is a warning that names it, never an exception.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pluggy

from vla_gym.errors import PluginError, reason

GROUP = "vla_gym"
DISABLE_VARIABLE = "VLA_GYM_DISABLE_PLUGINS"
SLOW_SECONDS = 1.0
"""A plugin that takes longer to be imported is named: every command pays for it."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)

_TARGET = re.compile(r"[\w.]+:\w+")
_MODULE = re.compile(r"\w+(\.\w+)*")
_ENV_ID = re.compile(r"^(?:[\w:-]+/)?[\w:.-]+?(?:-v\d+)?$")
"""What Gymnasium takes for the id of an environment (``gymnasium.envs.registration.ENV_ID_RE``)."""


@dataclass(frozen=True)
class Entry:
    """What every registered thing has.

    A plugin may define kinds of its own: a subclass with ``kind`` and ``word``.

    Attributes:
        kind: How ``vla-gym list`` calls all of them.
        word: How a message calls one of them.
        name: The name that users type.
        target: Import string ``"package.module:attribute"`` of what is imported on use.
        summary: One line for ``vla-gym list``.
        requires: Modules that must be importable for it to work.
        install: The command that installs what is missing.

    Raises:
        PluginError: A field that is not what it should be.
    """

    kind: ClassVar[str] = "entries"
    word: ClassVar[str] = "entry"

    name: str
    target: str
    summary: str = ""
    requires: tuple[str, ...] = ()
    install: str = ""

    def __post_init__(self) -> None:
        """Refuse what would fail later, where nobody knows whose it is."""
        for attribute in ("name", "target", "summary", "install"):
            self._check(attribute, str)
        if not self.name.strip() or not self.name.isprintable():
            raise PluginError(f"{self!r}: expected a printable name.")
        self._check_target("target", self.target)
        modules = self.requires if isinstance(self.requires, tuple) else ()
        if modules != self.requires or not all(
            isinstance(module, str) and _MODULE.fullmatch(module) for module in modules
        ):
            raise PluginError(f"{self.name}: requires={self.requires!r}, expected module names.")

    def _check(self, attribute: str, kind: type) -> None:
        value = getattr(self, attribute)
        if not isinstance(value, kind):
            raise PluginError(
                f"{self.name!r}: {attribute}={value!r}, expected {kind.__name__.lower()}."
            )

    def _check_target(self, attribute: str, value: str) -> None:
        if not isinstance(value, str) or not _TARGET.fullmatch(value):
            raise PluginError(
                f"{self.name}: {attribute}={value!r}, expected 'package.module:attribute'."
            )


@dataclass(frozen=True)
class ConfigurableEntry(Entry):
    """An entry with options that users may set.

    Its target is called with the validated options, a record of the class that ``options`` names,
    as its only positional argument; with none where ``options`` is empty.

    Attributes:
        options: Import string of a ``vla_gym.schema.Record``; empty if there are none.
        defaults: Options that this entry sets; users' go before them.
        bound: Keyword arguments of the target that nobody can set.
    """

    options: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    bound: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the import string and the mappings as well."""
        super().__post_init__()
        if self.options:
            self._check_target("options", self.options)
        self._check("defaults", Mapping)
        self._check("bound", Mapping)


@dataclass(frozen=True)
class EnvEntry(Entry):
    """An environment: ``name`` is its Gymnasium id, ``target`` its class.

    Attributes:
        contract: Import string of ``f(**env_kwargs) -> EnvContract``; imports no simulator.
        tasks: Import string of ``f(**env_kwargs) -> Iterable[str]``, the names of its sub-tasks;
            imports no simulator. With it a suite that names another one is refused when it is read.
        kwargs: Default keyword arguments of the class.
    """

    kind: ClassVar[str] = "envs"
    word: ClassVar[str] = "environment"

    contract: str = ""
    tasks: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the id and the keywords as well."""
        super().__post_init__()
        if not _ENV_ID.fullmatch(self.name):
            raise PluginError(f"{self.name!r} is no id of an environment, such as 'My-Env-v0'.")
        self._check_target("contract", self.contract)
        if self.tasks:
            self._check_target("tasks", self.tasks)
        self._check("kwargs", Mapping)


@dataclass(frozen=True)
class PolicyEntry(ConfigurableEntry):
    """A policy: ``target`` returns it.

    Attributes:
        needs_contract: The target also takes ``env_contract``, what the environment offers.
        trainer: Import string of a ``vla_gym.training.trainable.Trainer`` where it can be trained.
    """

    kind: ClassVar[str] = "policies"
    word: ClassVar[str] = "policy"

    needs_contract: bool = False
    trainer: str = ""


@dataclass(frozen=True)
class SuiteEntry(ConfigurableEntry):
    """A suite: ``target`` returns it."""

    kind: ClassVar[str] = "suites"
    word: ClassVar[str] = "suite"


@dataclass(frozen=True)
class SuiteFormatEntry(ConfigurableEntry):
    """What ``format: NAME`` in a YAML suite file means.

    ``target`` also takes ``document``, a ``vla_gym.yaml_file.Document``, and returns a suite.
    """

    kind: ClassVar[str] = "suite-formats"
    word: ClassVar[str] = "suite format"


@dataclass(frozen=True)
class DatasetEntry(Entry):
    """A format of demonstrations: ``target`` is a ``vla_gym.datasets.DatasetFormat``.

    Attributes:
        options: Import string of the ``Record`` that its ``open`` takes, if any.
        audit_options: Import string of the ``Record`` that its ``audit`` takes, if any.
    """

    kind: ClassVar[str] = "datasets"
    word: ClassVar[str] = "data set format"

    options: str = ""
    audit_options: str = ""


@dataclass(frozen=True)
class SummaryEntry(Entry):
    """A form of a run's results: ``target`` is ``f(records, run) -> vla_gym.results.Summary``."""

    kind: ClassVar[str] = "summaries"
    word: ClassVar[str] = "summary"


@dataclass(frozen=True)
class ReportFormatEntry(Entry):
    """A format of reports: ``target`` is ``f(results) -> bytes``.

    Attributes:
        suffix: Of files in this format.
    """

    kind: ClassVar[str] = "report-formats"
    word: ClassVar[str] = "report format"

    suffix: str = ".txt"


@dataclass(frozen=True)
class AssetEntry(Entry):
    """A collection of third-party files in the asset store.

    ``target`` is ``f() -> vla_gym.assets.AssetManifest``.
    """

    kind: ClassVar[str] = "assets"
    word: ClassVar[str] = "asset collection"


@dataclass(frozen=True)
class CheckpointEntry(Entry):
    """A format of model files: ``target`` is a ``vla_gym.checkpoints.CheckpointFormat``."""

    kind: ClassVar[str] = "checkpoints"
    word: ClassVar[str] = "checkpoint format"


@dataclass(frozen=True)
class CheckEntry(Entry):
    """A line of ``vla-gym doctor``: ``target`` is ``f() -> vla_gym.doctor.CheckResult``."""

    kind: ClassVar[str] = "checks"
    word: ClassVar[str] = "check"


class HookSpecs:
    """What a plugin implements."""

    @hookspec
    def vla_gym_register(self) -> Sequence[Entry]:
        """Return everything that the plugin brings."""
        raise NotImplementedError


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


def _entry_points(
    group: str,
) -> list[tuple[importlib.metadata.Distribution, importlib.metadata.EntryPoint]]:
    """Return the entry points of a group with their distributions, in a stable order."""
    found = {
        (point.name, point.value): (dist, point)
        for dist in importlib.metadata.distributions()
        for point in dist.entry_points
        if point.group == group
    }
    return [found[key] for key in sorted(found)]


class _Plugin:
    """One plugin on its way to a ``PluginInfo``; whatever goes wrong becomes its ``error``."""

    def __init__(
        self, dist: importlib.metadata.Distribution, point: importlib.metadata.EntryPoint
    ) -> None:
        self._point = point
        self.info = PluginInfo(point.name, f"{dist.metadata['Name']} {dist.version}")

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
            began = time.perf_counter()
            manager.register(self._point.load(), name=name)
            manager.check_pending()
            self._warn_if_slow(time.perf_counter() - began)
        if self.info.error and manager.has_plugin(name):
            manager.unregister(name=name)

    def register(self, function: Callable[..., Any]) -> None:
        """Ask the plugin what it brings."""
        with self._guarded():
            entries = tuple(function())
            for entry in entries:
                if not isinstance(entry, Entry):
                    raise PluginError(f"expected entries (vla_gym.plugins), got {entry!r}")
            self._set(entries=entries)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn whatever the plugin raises into its ``error``; what it prints spoils no output."""
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit: a plugin does not end our program
            self._set(error=reason(error))
            warnings.warn(f"{self} is skipped: {self.info.error}", stacklevel=5)

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
