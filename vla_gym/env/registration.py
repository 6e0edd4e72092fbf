"""Environments by id: registered with Gymnasium when ``vla_gym`` is imported, built lazily.

``contract_of`` answers what an environment offers without building it, so that an incompatible
pair of policy and environment stops before a simulator is even imported. An environment that no
plugin speaks for (``module:My-v0``) is built to be asked, in a process of its own.
"""

from __future__ import annotations

import contextlib
import pickle
import sys
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import gymnasium

from vla_gym.child import ask
from vla_gym.contract.spec import EnvContract
from vla_gym.error_text import summary
from vla_gym.errors import (
    MissingDependencyError,
    OptionError,
    PluginError,
    RunnerError,
    UnknownNameError,
    VlaGymError,
)
from vla_gym.extras import install_hint
from vla_gym.plugins import EnvEntry
from vla_gym.registry import load_target, registry

ASK_SECONDS = 300.0
"""How long an environment may take to be built when it is asked what it offers."""


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


def contract_of(
    env_id: str,
    env_kwargs: Mapping[str, Any] | None = None,
    time_limit: float = ASK_SECONDS,
) -> EnvContract:
    """Return what an environment offers, without building it when its plugin says so itself.

    Args:
        env_id: Gymnasium id, with the module before it or not (``module:My-v0``).
        env_kwargs: Keyword arguments of the environment.
        time_limit: Seconds that one may take that has to be built to be asked.

    Raises:
        UnknownNameError: When no environment of that id is registered.
        MissingDependencyError: When what it needs is not installed.
        OptionError: An id that is none, or whose module does not exist.
        RunnerError: Its code raises, exits, crashes or does not answer.
    """
    kwargs = dict(env_kwargs or {})
    if env_id not in registry().names(EnvEntry):
        return _contract_of_foreign(env_id, kwargs, time_limit)
    entry = _usable(env_id)
    found = _asked(entry.contract, {**entry.kwargs, **kwargs}, env_id)
    return _checked(found, f"{env_id} says that it offers")


def tasks_of(env_id: str, env_kwargs: Mapping[str, Any] | None = None) -> tuple[str, ...] | None:
    """Return the names of an environment's sub-tasks; ``None`` where its plugin does not say.

    Raises:
        RunnerError: Its code raises, or returns something else than names.
    """
    if env_id not in registry().names(EnvEntry):
        return None
    entry = registry().get(EnvEntry, env_id).entry
    if not entry.tasks:
        return None
    found = _asked(entry.tasks, {**entry.kwargs, **dict(env_kwargs or {})}, env_id)
    names = tuple(found) if isinstance(found, (list, tuple, set, frozenset)) else ()
    if not names or not all(isinstance(name, str) for name in names):
        raise RunnerError(
            f"{env_id} names its sub-tasks {found!r}, expected names ({entry.tasks})."
        )
    return names


def _usable(env_id: str) -> EnvEntry:
    registered = registry().get(EnvEntry, env_id)
    if problem := registered.problem:
        raise MissingDependencyError(f"{env_id} {problem}")
    return registered.entry


def _asked(target: str, kwargs: Mapping[str, Any], env_id: str) -> Any:
    """Return what a function of a plugin says about an environment with these keywords."""
    try:
        return load_target(target)(**kwargs)
    except (KeyboardInterrupt, VlaGymError):
        raise
    except BaseException as error:  # also SystemExit
        raise RunnerError(
            f"{_not_built(env_id, kwargs)}: {summary(error)} (from {target})"
        ) from error


def _contract_of_foreign(env_id: str, kwargs: dict[str, Any], time_limit: float) -> EnvContract:
    """Build an environment that was registered with Gymnasium directly, and ask it.

    One whose module this process has imported already is trusted to be built in it as well.
    """
    module, colon, _ = env_id.partition(":")
    if not colon or module in sys.modules:
        return build_and_ask(env_id, kwargs)
    return _asked_apart(env_id, pickle.dumps(kwargs), time_limit)


@lru_cache(maxsize=64)
def _asked_apart(env_id: str, pickled: bytes, time_limit: float) -> EnvContract:
    kwargs = pickle.loads(pickled)
    found: EnvContract = ask(
        f"{__name__}:{build_and_ask.__name__}",
        {"env_id": env_id, "kwargs": kwargs},
        what=_not_built(env_id, kwargs),
        time_limit=time_limit,
    )
    return found


def build_and_ask(env_id: str, kwargs: Mapping[str, Any]) -> EnvContract:
    """Build an environment in this process, and return what it offers.

    Raises:
        VlaGymError: As ``contract_of``.
    """
    try:
        found = _built_and_asked(env_id, kwargs)
    except (KeyboardInterrupt, VlaGymError):
        raise
    except gymnasium.error.UnregisteredEnv:
        known, hint = registry().names(EnvEntry), install_hint(env_id)
        raise UnknownNameError("environment", env_id, known, hint) from None
    except gymnasium.error.Error as error:
        raise OptionError(f"Environment {env_id!r}: {error}") from error
    except BaseException as error:  # also SystemExit
        absent = getattr(error.__cause__ or error.__context__, "name", None)
        if isinstance(error, ModuleNotFoundError) and absent and env_id.startswith(absent):
            raise OptionError(f"Environment {env_id!r}: there is no module {absent!r}.") from None
        raise RunnerError(f"{_not_built(env_id, kwargs)}: {summary(error)}") from error
    if found is None:
        raise OptionError(
            f"{env_id} is no environment of vla_gym: it has no contract (docs/plugins.md)."
        )
    return _checked(found, f"{env_id} has the contract")


def _built_and_asked(env_id: str, kwargs: Mapping[str, Any]) -> Any:
    env = gymnasium.make(env_id, disable_env_checker=True, **kwargs)
    try:
        return getattr(env.unwrapped, "contract", None)
    finally:
        with contextlib.suppress(Exception):  # it has said what it was asked
            env.close()


def _checked(found: Any, says: str) -> EnvContract:
    if not isinstance(found, EnvContract):
        raise PluginError(f"{says} {found!r}, expected an EnvContract.")
    return found


def _not_built(env_id: str, kwargs: Mapping[str, Any]) -> str:
    return f"{env_id} cannot be built with env_kwargs {dict(kwargs)}"
