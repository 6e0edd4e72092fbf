"""Environments by id: registered with Gymnasium when ``vla_gym`` is imported, built lazily.

``contract_of`` answers what an environment offers without building it, so that an incompatible
pair of policy and environment stops before a simulator is even imported.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import gymnasium

from vla_gym.contract.spec import EnvContract
from vla_gym.errors import MissingDependencyError, UnknownNameError
from vla_gym.plugins import EnvEntry
from vla_gym.registry import load_target, registry


def register_all() -> None:
    """Register every environment of every plugin with Gymnasium."""
    for registered in registry().items(EnvEntry):
        entry = registered.entry
        other = gymnasium.registry.get(entry.name)
        if other is None:
            gymnasium.register(entry.name, entry_point=entry.target, kwargs=dict(entry.kwargs))
        elif other.entry_point != entry.target:
            warnings.warn(
                f"environment {entry.name!r} of plugin {registered.plugin.name!r} is ignored: "
                f"Gymnasium has another one of that id ({other.entry_point})",
                stacklevel=2,
            )


def contract_of(env_id: str, env_kwargs: Mapping[str, Any] | None = None) -> EnvContract:
    """Return what an environment offers, without building it when its plugin says so itself.

    Raises:
        UnknownNameError: When no environment of that id is registered.
        MissingDependencyError: When what it needs is not installed.
    """
    kwargs = dict(env_kwargs or {})
    if env_id not in registry().names(EnvEntry):
        return _contract_of_foreign(env_id, kwargs)
    registered = registry().get(EnvEntry, env_id)
    entry = registered.entry
    if problem := registered.problem:
        raise MissingDependencyError(f"{env_id} {problem}")
    spec: EnvContract = load_target(entry.contract)(**{**entry.kwargs, **kwargs})
    return spec


def _contract_of_foreign(env_id: str, kwargs: Mapping[str, Any]) -> EnvContract:
    """Build an environment that was registered with Gymnasium directly, and ask it."""
    try:
        env = gymnasium.make(env_id, disable_env_checker=True, **kwargs)
    except gymnasium.error.UnregisteredEnv:
        raise UnknownNameError("environment", env_id, registry().names(EnvEntry)) from None
    try:
        spec: EnvContract = env.unwrapped.contract  # type: ignore[attr-defined]
        return spec
    finally:
        env.close()
