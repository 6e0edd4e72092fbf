"""How everything that is not the core gets in: pluggy hooks over the entry-point group ``vla_gym``.

The built-in environments and policies use this same door. Hooks return plain entries that name
what they bring by import string, so that discovery imports no simulator and no torch; a plugin
that fails to load is a warning that names it, never an exception.
"""

from __future__ import annotations

import importlib.metadata
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pluggy

GROUP = "vla_gym"
DISABLE_VARIABLE = "VLA_GYM_DISABLE_PLUGINS"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@dataclass(frozen=True)
class Entry:
    """What every registered thing has.

    Attributes:
        name: The name that users type.
        target: Import string ``"package.module:attribute"`` of what is imported on use.
        summary: One line for ``vla-gym list``.
        requires: Top-level modules that must be importable for it to work.
        install: The command that installs what is missing.
    """

    name: str
    target: str
    summary: str = ""
    requires: tuple[str, ...] = ()
    install: str = ""


@dataclass(frozen=True)
class EnvEntry(Entry):
    """An environment: ``name`` is its Gymnasium id, ``target`` its class.

    Attributes:
        contract: Import string of ``f(**env_kwargs) -> EnvContract``; imports no simulator.
        kwargs: Default keyword arguments of the class.
    """

    contract: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PolicyEntry(Entry):
    """A policy: ``target`` is a class or factory ``f(**options) -> Policy``.

    Attributes:
        kwargs: Default keyword arguments; users override them with ``--set name=value``.
        options: Import string of a pydantic model of its options; says by ``RuntimeOption`` which
            of them only say how it is run.
        trainer: Import string of a ``vla_gym.training.trainable.Trainer`` where it can be trained.
    """

    kwargs: Mapping[str, Any] = field(default_factory=dict)
    options: str = ""
    trainer: str = ""


@dataclass(frozen=True)
class SuiteEntry(Entry):
    """A suite: ``target`` is ``f(**options) -> Suite``."""

    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SuiteFormatEntry(Entry):
    """What ``format: NAME`` in a YAML suite file means.

    ``target`` is ``f(document: vla_gym.suites.Document, **options) -> Suite``.
    """


@dataclass(frozen=True)
class BackboneEntry(Entry):
    """A VLM backbone."""


@dataclass(frozen=True)
class DatasetEntry(Entry):
    """A format of demonstrations: ``target`` is a ``vla_gym.datasets.DatasetFormat``."""


@dataclass(frozen=True)
class ReportSectionEntry(Entry):
    """A section of the HTML report: ``target`` is ``f(results) -> str`` (an HTML fragment)."""


@dataclass(frozen=True)
class AssetEntry(Entry):
    """A collection of third-party files in the asset store.

    ``target`` is ``f() -> vla_gym.assets.AssetManifest``.
    """


@dataclass(frozen=True)
class CheckpointEntry(Entry):
    """A format of model files: ``target`` is a ``vla_gym.checkpoints.CheckpointFormat``."""


@dataclass(frozen=True)
class CheckEntry(Entry):
    """A line of ``vla-gym doctor``: ``target`` is ``f() -> vla_gym.doctor.CheckResult``."""


class HookSpecs:
    """What a plugin may implement: each hook takes nothing and returns a list of entries."""

    @hookspec
    def vla_gym_register_envs(self) -> Sequence[EnvEntry]:
        """Return the environments; they are registered with Gymnasium under their names."""
        raise NotImplementedError

    @hookspec
    def vla_gym_register_policies(self) -> Sequence[PolicyEntry]:
        """Return the policies."""
        raise NotImplementedError

    @hookspec
    def vla_gym_register_suites(self) -> Sequence[SuiteEntry]:
        """Return the task suites."""
        raise NotImplementedError

    @hookspec
    def vla_gym_register_suite_formats(self) -> Sequence[SuiteFormatEntry]:
        """Return the formats that YAML suite files may be written in."""
        raise NotImplementedError

    @hookspec
    def vla_gym_register_backbones(self) -> Sequence[BackboneEntry]:
        """Return the VLM backbones."""
        raise NotImplementedError

    @hookspec
    def vla_gym_register_datasets(self) -> Sequence[DatasetEntry]:
        """Return the formats of demonstrations."""
        raise NotImplementedError

    @hookspec
    def vla_gym_register_report_sections(self) -> Sequence[ReportSectionEntry]:
        """Return the report sections."""
        raise NotImplementedError

    @hookspec
    def vla_gym_register_assets(self) -> Sequence[AssetEntry]:
        """Return the asset collections."""
        raise NotImplementedError

    @hookspec
    def vla_gym_register_checkpoints(self) -> Sequence[CheckpointEntry]:
        """Return the checkpoint formats that ``vla-gym checkpoint`` can read."""
        raise NotImplementedError

    @hookspec
    def vla_gym_register_checks(self) -> Sequence[CheckEntry]:
        """Return the checks that ``vla-gym doctor`` runs."""
        raise NotImplementedError


@dataclass(frozen=True)
class PluginInfo:
    """A plugin as discovery saw it.

    Attributes:
        name: Entry-point name.
        distribution: The installed distribution and its version, such as ``"vla-gym-x 0.1.0"``.
        error: Why it is not usable, or an empty string.
        module: The loaded plugin object, or ``None``.
    """

    name: str
    distribution: str
    error: str = ""
    module: object | None = None


def discover(group: str = GROUP) -> tuple[pluggy.PluginManager, list[PluginInfo]]:
    """Load all plugins of an entry-point group, each guarded.

    Returns:
        The plugin manager with the usable plugins, and one record a plugin found.
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(HookSpecs)
    blocked = {n.strip() for n in os.environ.get(DISABLE_VARIABLE, "").split(",") if n.strip()}
    infos = [_load(manager, dist, point, blocked) for dist, point in _entry_points(group)]
    return manager, infos


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


def _load(
    manager: pluggy.PluginManager,
    dist: importlib.metadata.Distribution,
    point: importlib.metadata.EntryPoint,
    blocked: set[str],
) -> PluginInfo:
    """Import and register one plugin; whatever goes wrong becomes its ``error``."""
    name, distribution = point.name, f"{dist.metadata['Name']} {dist.version}"
    if name in blocked:
        return PluginInfo(name, distribution, error=f"disabled by {DISABLE_VARIABLE}")
    try:
        module = point.load()
        manager.register(module, name=name)
        manager.check_pending()
    except Exception as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        reason = f"{type(error).__name__}: {error}"
        warnings.warn(
            f"vla_gym plugin {name!r} ({distribution}) is skipped: {reason}", stacklevel=2
        )
        return PluginInfo(name, distribution, error=reason)
    return PluginInfo(name, distribution, module=module)
