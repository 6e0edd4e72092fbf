"""How everything that is not the core gets in: one pluggy hook, entry-point group ``vla_gym``.

The built-in environments and policies use this same door. ``vla_gym_register`` returns plain
entries; the class of an entry says what it is, its import strings say where, so that discovery
imports no simulator and no torch. ``vla_gym.discovery`` finds the plugins and guards each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pluggy

from vla_gym.errors import PluginError

GROUP = "vla_gym"
PLUGINS = "plugins"
"""What ``vla-gym list`` calls the plugins themselves; no kind of entries may be called so."""

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
        self._check_target("target")
        modules = self.requires if isinstance(self.requires, tuple) else ()
        if modules != self.requires or not all(
            isinstance(module, str) and _MODULE.fullmatch(module) for module in modules
        ):
            raise PluginError(f"{self.name}: requires={self.requires!r}, expected module names.")

    def _check(self, attribute: str, kind: type) -> None:
        value = getattr(self, attribute)
        named = not isinstance(value, Mapping) or all(isinstance(key, str) for key in value)
        if not isinstance(value, kind) or not named:
            expected = "mapping of names" if kind is Mapping else kind.__name__.lower()
            raise PluginError(f"{self.name!r}: {attribute}={value!r}, expected {expected}.")

    def _check_target(self, attribute: str, *, optional: bool = False) -> None:
        value = getattr(self, attribute)
        if optional and value == "":
            return
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
        self._check_target("options", optional=True)
        self._check("defaults", Mapping)
        self._check("bound", Mapping)


@dataclass(frozen=True)
class EnvEntry(Entry):
    """An environment: ``name`` is its Gymnasium id, ``target`` its class.

    Attributes:
        contract: Import string of ``f(**env_kwargs) -> EnvContract``; imports no simulator.
        tasks: Import string of ``f(**env_kwargs) -> Iterable[str]``, the names of its sub-tasks;
            imports no simulator. With it a suite that names another one is refused when it is read.
        options: Import string of a ``vla_gym.schema.Record``, where the class takes its keywords
            as ``**options`` and checks them with it; ``vla-gym show env`` describes them.
        kwargs: Default keyword arguments of the class.
    """

    kind: ClassVar[str] = "envs"
    word: ClassVar[str] = "environment"

    contract: str = ""
    tasks: str = ""
    options: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the id and the keywords as well."""
        super().__post_init__()
        if not _ENV_ID.fullmatch(self.name):
            raise PluginError(f"{self.name!r} is no id of an environment, such as 'My-Env-v0'.")
        self._check_target("contract")
        self._check_target("tasks", optional=True)
        self._check_target("options", optional=True)
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

    def __post_init__(self) -> None:
        """Check its own fields as well."""
        super().__post_init__()
        self._check("needs_contract", bool)
        self._check_target("trainer", optional=True)


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

    def __post_init__(self) -> None:
        """Check the import strings of the options as well."""
        super().__post_init__()
        self._check_target("options", optional=True)
        self._check_target("audit_options", optional=True)


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

    def __post_init__(self) -> None:
        """Check the suffix as well."""
        super().__post_init__()
        self._check("suffix", str)


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


def check_entry(entry: Any) -> None:
    """Refuse what is no entry, or one whose class leaves out checks or takes another's kind.

    Raises:
        PluginError: Saying what it is and what was expected.
    """
    if not isinstance(entry, Entry):
        raise PluginError(f"expected entries (vla_gym.plugins), got {entry!r}")
    core = {kind.kind: kind for kind in core_kinds()}
    kind = type(entry).kind
    taken = kind in (Entry.kind, PLUGINS) or not isinstance(entry, core.get(str(kind), Entry))
    if not isinstance(kind, str) or taken:
        raise PluginError(f"{type(entry).__name__} has the kind {kind!r}, expected one of its own")
    checks = (vars(base).get("__post_init__") for base in _ours(type(entry)))
    next(check for check in checks if check is not None)(entry)


def core_kinds() -> Iterator[type[Entry]]:
    """Yield the classes of entries that the core knows."""
    for found in list(globals().values()):
        if isinstance(found, type) and issubclass(found, Entry) and found.kind != Entry.kind:
            yield found


def _ours(kind: type[Entry]) -> Iterator[type]:
    """Yield the classes of this module that a class of entries inherits from, nearest first."""
    return (base for base in kind.__mro__ if base.__module__ == __name__)
