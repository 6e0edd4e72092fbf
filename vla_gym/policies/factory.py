"""From a registered name (or a policy file) and options to a policy object.

A factory that has a parameter ``env_contract`` is given what the environment offers: that is how a
policy such as ``random`` speaks the actions of any environment.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from vla_gym.contract.policy import Policy
from vla_gym.contract.spec import EnvContract
from vla_gym.errors import OptionError, PolicyError, VlaGymError, suggest
from vla_gym.plugins import PolicyEntry
from vla_gym.policies.file import is_policy_file, load_policy_file, merged
from vla_gym.registry import load_target, registry, takes_option

ENV_CONTRACT = "env_contract"


def make_policy(
    name: str, *, env_contract: EnvContract, options: Mapping[str, Any] | None = None
) -> Policy:
    """Return the policy registered under ``name``, or described by the file of that name.

    Args:
        name: Registered name, or path of a policy file (``.yaml``).
        env_contract: The environment that it will act in.
        options: Keyword arguments of its factory, over those of the file and the registered
            defaults; nested ones are merged.

    Raises:
        UnknownNameError: No such policy.
        OptionError: An option that the factory does not take.
        PolicyError: The factory raised, or what it returned is not a policy.
    """
    factory, defaults = _factory(name)
    given = merged(defaults, options or {})
    parameters = _parameters(factory)
    for option in given:
        if not takes_option(factory, option):
            known = [p for p in parameters if p != ENV_CONTRACT]
            raise OptionError(f"Policy {name!r} has no option {option!r}. {suggest(option, known)}")
    if ENV_CONTRACT in parameters:
        given[ENV_CONTRACT] = env_contract
    policy = _made(name, factory, given)
    if not isinstance(policy, Policy):
        raise PolicyError(f"{name!r} made {policy!r}, which lacks spec, reset or act.")
    return policy


def _made(name: str, factory: Callable[..., Any], options: Mapping[str, Any]) -> Any:
    """Call a factory; what it raises that is not ours is told as the policy's error."""
    try:
        return factory(**options)
    except VlaGymError:
        raise
    except (Exception, SystemExit) as error:
        raise PolicyError(
            f"Policy {name!r} raised {type(error).__name__} while it was made: {error}"
        ) from error


def accepts_option(name: str, option: str) -> bool:
    """Whether the factory of a policy takes an option of that name."""
    factory, _ = _factory(name)
    return option != ENV_CONTRACT and takes_option(factory, option.partition(".")[0])


def chosen_options(name: str, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the options of a policy; what its file says counts, not where the file is."""
    if not is_policy_file(name):
        return dict(options or {})
    registered, written = load_policy_file(Path(name))
    return merged({"policy": registered, **written}, options or {})


def options_model(name: str) -> type[BaseModel] | None:
    """Return the model of the options of a policy, where its entry names one."""
    entry = registry().entry("policies", registered_name(name), PolicyEntry)
    model: type[BaseModel] | None = load_target(entry.options) if entry.options else None
    return model


def needs_contract(name: str) -> bool:
    """Whether a policy is made for what an environment offers."""
    return ENV_CONTRACT in _parameters(_factory(name)[0])


def registered_name(name: str) -> str:
    """Return the registered name of a policy that may be given by a file."""
    return load_policy_file(Path(name))[0] if is_policy_file(name) else name


def _factory(name: str) -> tuple[Callable[..., Any], Mapping[str, Any]]:
    chosen, options = load_policy_file(Path(name)) if is_policy_file(name) else (name, {})
    entry = registry().entry("policies", chosen, PolicyEntry)
    return registry().load("policies", chosen), merged(entry.kwargs, options)


def _parameters(factory: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(factory).parameters
