"""The policies of a run: one, or one for each thing that the environments of a suite may offer.

A policy given as an object is what it is. One given by name may be made for an environment
(``random`` speaks the actions of whatever it meets), and then a suite whose environments offer
different things gets one for each of them. All that can be refused is refused here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vla_gym.contract.adapter import adapt
from vla_gym.contract.policy import Policy
from vla_gym.contract.spec import EnvContract, PolicySpec
from vla_gym.env.registration import contract_of
from vla_gym.policies.checked import policy_fingerprint, policy_spec
from vla_gym.policies.ref import PolicyRef
from vla_gym.runner.policy_calls import close_policy
from vla_gym.suites.spec import EpisodeSpec, Suite


@dataclass(frozen=True)
class PolicySet:
    """Who acts where.

    Attributes:
        name: Of all of them.
        members: The policies.
        specs: Theirs, likewise.
        by_env: Number of the policy that acts in an environment, by ``EpisodeSpec.env_key``.
        conversions: How each environment and its policy are converted into each other, by id.
        said: The options that were given, of policies made by name.
        identity: Those of them that tell one policy from another.
        fingerprint: Digest of what the policies have loaded (``Policy.fingerprint``), one after the
            other; empty where none says.
    """

    name: str
    members: Sequence[Policy]
    specs: Sequence[PolicySpec]
    by_env: Mapping[str, int]
    conversions: Mapping[str, Any]
    said: Mapping[str, Any] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""

    def numbers(self, episodes: Sequence[EpisodeSpec]) -> list[int]:
        """Return who acts in each episode."""
        return [self.by_env[episode.env_key] for episode in episodes]


@contextlib.contextmanager
def policy_set(policy: PolicyRef | Policy, suite: Suite) -> Iterator[PolicySet]:
    """Yield the policies of a run; those that were made here are closed here.

    Args:
        policy: What was asked for, or a policy.
        suite: Whose environments they act in.

    Raises:
        IncompatibleError: When a policy and an environment do not fit.
        PolicyError: It is no policy, or its code raises.
        RunnerError: An environment cannot be built.
    """
    contracts = _contracts(suite)
    if not isinstance(policy, PolicyRef):
        yield _checked(_name(policy), [policy], dict.fromkeys(contracts, 0), contracts)
        return
    distinct, by_env = _distinct(contracts, one=not policy.entry.needs_contract)
    members: list[Policy] = []
    try:
        for contract in distinct:
            members.append(policy.make(contract))
        checked = _checked(policy.text, members, by_env, contracts)
        yield replace(checked, said=policy.said, identity=policy.identity)
    finally:
        for member in members:
            close_policy(policy.text, member)


@dataclass(frozen=True)
class _Offer:
    env_id: str
    contract: EnvContract


def _contracts(suite: Suite) -> dict[str, _Offer]:
    """Return what each environment of a suite offers, by its key."""
    offers: dict[str, _Offer] = {}
    for episode in suite.episodes:
        if episode.env_key not in offers:
            contract = contract_of(episode.env_id, episode.env_kwargs)
            offers[episode.env_key] = _Offer(episode.env_id, contract)
    return offers


def _distinct(
    offers: Mapping[str, _Offer], *, one: bool
) -> tuple[list[EnvContract], dict[str, int]]:
    """Return the contracts that policies are made for, and which of them each environment has."""
    found: list[EnvContract] = []
    numbers = {}
    for key, offer in offers.items():
        if not found or (not one and offer.contract not in found):
            found.append(offer.contract)
        numbers[key] = 0 if one else found.index(offer.contract)
    return found, numbers


def _checked(
    name: str, members: Sequence[Policy], by_env: dict[str, int], offers: Mapping[str, _Offer]
) -> PolicySet:
    specs = [policy_spec(member, name) for member in members]
    conversions = {}
    for key, offer in offers.items():
        adapter = adapt(specs[by_env[key]], offer.contract, env_id=offer.env_id)
        conversions[offer.env_id] = adapter.describe()
    prints = [policy_fingerprint(member, name) for member in members]
    return PolicySet(
        name, members, specs, by_env, conversions, fingerprint=" ".join(prints).strip()
    )


def _name(policy: Policy) -> str:
    kind = type(policy)
    name = f"{kind.__module__}.{kind.__qualname__}"
    policy_spec(policy, name)
    return str(getattr(policy, "name", name))
