"""From a registered name and options to a policy object.

A factory that has a parameter ``env_spec`` is given the specification of the environment: that is
how a policy such as ``random`` speaks the actions of any environment.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from vla_gym.contract.policy import Policy
from vla_gym.contract.spec import EnvSpec
from vla_gym.errors import OptionError, PolicyError, suggest
from vla_gym.plugins import PolicyEntry
from vla_gym.registry import registry, takes_option

ENV_SPEC = "env_spec"


def make_policy(
    name: str, *, env_spec: EnvSpec, options: Mapping[str, Any] | None = None
) -> Policy:
    """Return the policy registered under ``name``.

    Args:
        name: Registered name.
        env_spec: The environment that it will act in.
        options: Keyword arguments of its factory, over the registered defaults.

    Raises:
        UnknownNameError: No such policy.
        OptionError: An option that the factory does not take.
        PolicyError: The factory raised, or what it returned is not a policy.
    """
    factory, defaults = _factory(name)
    given = {**defaults, **(options or {})}
    parameters = _parameters(factory)
    for option in given:
        if not takes_option(factory, option):
            known = [p for p in parameters if p != ENV_SPEC]
            raise OptionError(f"Policy {name!r} has no option {option!r}. {suggest(option, known)}")
    if ENV_SPEC in parameters:
        given[ENV_SPEC] = env_spec
    policy = factory(**given)
    if not isinstance(policy, Policy):
        raise PolicyError(f"{name!r} made {policy!r}, which lacks spec, reset or act.")
    return policy


def accepts_option(name: str, option: str) -> bool:
    """Whether the factory of a policy takes an option of that name."""
    factory, _ = _factory(name)
    return option != ENV_SPEC and takes_option(factory, option.partition(".")[0])


def _factory(name: str) -> tuple[Callable[..., Any], Mapping[str, Any]]:
    entry = registry().entry("policies", name, PolicyEntry)
    return registry().load("policies", name), entry.kwargs


def _parameters(factory: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(factory).parameters
