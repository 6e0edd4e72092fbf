"""Environments by id: registered with Gymnasium when ``vla_gym`` is imported, built lazily.

``contract_of`` answers what an environment offers without building it, so that an incompatible
pair of policy and environment stops before a simulator is even imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium

from vla_gym.contract.spec import EnvContract
from vla_gym.errors import MissingDependencyError, UnknownNameError
from vla_gym.plugins import EnvEntry
from vla_gym.registry import load_target, registry


def register_all() -> None:
    """Register every environment of every plugin with Gymnasium."""
    for registered in registry().items("envs"):
        entry = registered.entry
        if isinstance(entry, EnvEntry) and entry.name not in gymnasium.registry:
            gymnasium.register(entry.name, entry_point=entry.target, kwargs=dict(entry.kwargs))


def contract_of(env_id: str, env_kwargs: Mapping[str, Any] | None = None) -> EnvContract:
    """Return what an environment offers, without building it when its plugin says so itself.

    Raises:
        UnknownNameError: When no environment of that id is registered.
        MissingDependencyError: When what it needs is not installed.
    """
    kwargs = dict(env_kwargs or {})
    if env_id not in registry().names("envs"):
        return _contract_of_foreign(env_id, kwargs)
    entry = registry().entry("envs", env_id, EnvEntry)
    if problem := registry().get("envs", env_id).problem:
        raise MissingDependencyError(f"{env_id} {problem}")
    spec: EnvContract = load_target(entry.contract)(**{**entry.kwargs, **kwargs})
    return spec


def _contract_of_foreign(env_id: str, kwargs: Mapping[str, Any]) -> EnvContract:
    """Build an environment that was registered with Gymnasium directly, and ask it."""
    try:
        env = gymnasium.make(env_id, disable_env_checker=True, **kwargs)
    except gymnasium.error.UnregisteredEnv:
        raise UnknownNameError("environment", env_id, registry().names("envs")) from None
    try:
        spec: EnvContract = env.unwrapped.contract  # type: ignore[attr-defined]
        return spec
    finally:
        env.close()
