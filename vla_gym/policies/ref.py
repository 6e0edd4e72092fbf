"""A policy as it was asked for: name or file, entry and options, resolved once.

Command line, runner, matrix and training all begin with a text and some options. What they mean is
found out here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vla_gym.contract.policy import Policy
from vla_gym.contract.spec import EnvContract
from vla_gym.error_text import summary
from vla_gym.errors import PolicyError, VlaGymError
from vla_gym.options import call_target, entry_options, identity_options, merged, options_model
from vla_gym.plugins import PolicyEntry
from vla_gym.policies.checked import policy_spec
from vla_gym.policies.file import is_policy_file, load_policy_file
from vla_gym.registry import registry
from vla_gym.schema import Record


@dataclass(frozen=True)
class PolicyRef:
    """Which policy, with which options.

    Attributes:
        text: As it was asked for: a registered name, or the path of a policy file.
        entry: What is registered.
        given: What the file and the user said, the user last.
        options: The validated whole, the entry's defaults included.
    """

    text: str
    entry: PolicyEntry
    given: Mapping[str, Any] = field(default_factory=dict)
    options: Record = field(default_factory=Record)

    @classmethod
    def parse(cls, text: str, options: Mapping[str, Any] | None = None) -> PolicyRef:
        """Return what a text and some options mean.

        Raises:
            UnknownNameError: No such policy, with near matches.
            OptionError: A file that cannot be read, or an option that the policy does not have.
        """
        entry, said = find_policy(text)
        given = merged(said, options or {})
        return cls(text, entry, given, entry_options(entry, given, subject=f"Policy {text!r}"))

    @property
    def said(self) -> dict[str, Any]:
        """What a run records: of a file what it says, not where it is."""
        named = {"policy": self.entry.name} if is_policy_file(self.text) else {}
        return {**named, **self.given}

    @property
    def identity(self) -> dict[str, Any]:
        """What must be equal for a run to be resumed: no options that only say how it is run."""
        return identity_options(type(self.options), self.said)

    def make(self, env_contract: EnvContract) -> Policy:
        """Return the policy.

        Args:
            env_contract: What the environment offers that it will act in.

        Raises:
            MissingDependencyError: When something that it requires is not installed.
            PolicyError: The policy raised while it was made, or what came is no policy.
            VlaGymError: What it said itself, such as an option whose value does not fit.
        """
        target = registry().load(PolicyEntry, self.entry.name)
        more = {"env_contract": env_contract} if self.entry.needs_contract else {}
        try:
            policy = call_target(target, self.entry, self.options, **more)
        except (KeyboardInterrupt, VlaGymError):
            raise
        except BaseException as error:  # also SystemExit: a policy does not end the program
            raise PolicyError(
                f"Policy {self.text!r} raised while it was made: {summary(error)}"
            ) from error
        policy_spec(policy, self.text)
        made: Policy = policy
        return made


def make_policy(
    text: str, *, env_contract: EnvContract, options: Mapping[str, Any] | None = None
) -> Policy:
    """Return the policy registered under a name, or described by the file of that name.

    Args:
        text: Registered name, or path of a policy file (``.yaml``).
        env_contract: What the environment offers that it will act in.
        options: Over those of the file and of the entry; nested ones are merged.

    Raises:
        VlaGymError: As ``PolicyRef.parse`` and ``PolicyRef.make``.
    """
    return PolicyRef.parse(text, options).make(env_contract)


def policy_options(text: str) -> type[Record]:
    """Return the model of the options of a policy."""
    return options_model(find_policy(text)[0].options)


def policy_defaults(text: str) -> Record:
    """Return the options of a policy for which nothing is set.

    Raises:
        OptionError: When something has to be set.
    """
    return PolicyRef.parse(text).options


def find_policy(text: str) -> tuple[PolicyEntry, dict[str, Any]]:
    """Return the entry of a name or a file, and the options that the file gives."""
    name, said = load_policy_file(Path(text)) if is_policy_file(text) else (text, {})
    return registry().get(PolicyEntry, name).entry, said
