"""A suite may hold environments that offer different things."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from vla_gym.contract import IncompatibleError
from vla_gym.contract.spec import EnvContract
from vla_gym.policies import PolicyRef
from vla_gym.runner.policy_set import policy_set
from vla_gym.suites import Suite
from vla_gym.testing import MockPolicy, MockWorld, mock_suite
from vla_gym.testing.chaos import comparable_lines

OTHER = "MockCoarse-v0"


class CoarseWorld(MockWorld):
    """Takes a tenth of the actions, and says so."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._contract = coarse(self._contract)


def coarse(contract: EnvContract) -> EnvContract:
    """Return a contract with other limits."""
    ends = {size: {"low": (-0.1,) * size, "high": (0.1,) * size} for size in (1, 3)}
    action = contract.action.replaced(**{p.kind: ends[p.size] for p in contract.action.parts})
    return contract.model_copy(update={"action": action})


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Two environments in turn."""
    monkeypatch.setitem(
        gymnasium.registry, OTHER, gymnasium.envs.registration.EnvSpec(OTHER, CoarseWorld)
    )
    suite = mock_suite(6)
    episodes = tuple(
        e.model_copy(update={"env_id": OTHER}) if i % 2 else e for i, e in enumerate(suite.episodes)
    )
    return suite.model_copy(update={"episodes": episodes})


def test_a_policy_by_name_is_made_for_each_thing_that_is_offered(mixed: Suite) -> None:
    with policy_set(PolicyRef.parse("random"), mixed) as policies:
        highs = [spec.action.high for spec in policies.specs]
        assert len(policies.members) == 2
        assert highs[0][0] == pytest.approx(1.0)
        assert highs[1][0] == pytest.approx(0.1)
        assert policies.numbers(mixed.episodes) == [0, 1, 0, 1, 0, 1]
        assert len(policies.conversions) == 2


def test_equal_offers_share_a_policy() -> None:
    episodes = mock_suite(2).episodes
    other = episodes[1].model_copy(update={"env_kwargs": {"advance": False}})
    suite = mock_suite(2).model_copy(update={"episodes": (episodes[0], other)})
    with policy_set(PolicyRef.parse("random"), suite) as policies:
        assert len(policies.members) == 1
        assert policies.numbers(suite.episodes) == [0, 0]


@pytest.mark.parametrize("policy", ["random", MockPolicy()], ids=["named", "object"])
def test_environments_of_two_contracts_in_one_run(
    policy: Any, mixed: Suite, run: Any, tmp_path: Path
) -> None:
    run(policy, mixed, out="one", workers=1)
    results = run(policy, mixed, out="three", workers=3)
    assert not results.errors
    assert comparable_lines(tmp_path / "one") == comparable_lines(tmp_path / "three")
    for episode in (0, 1):
        with np.load(tmp_path / "one" / "actions" / f"{episode:06d}.npz") as data:
            largest = np.abs(data["actions"]).max()
            assert (largest <= 0.1) == bool(episode)


def test_recorded_actions_are_replayed_in_both(mixed: Suite, run: Any, tmp_path: Path) -> None:
    run("random", mixed, out="one")
    run("replay", mixed, out="again", policy_options={"path": str(tmp_path / "one")})
    one, again = (comparable_lines(tmp_path / name) for name in ("one", "again"))
    assert one == again


def test_each_environment_has_to_fit(mixed: Suite, run: Any) -> None:
    bound = MockPolicy()
    only = mixed.episodes[0].env_id
    bound._spec = bound.spec.model_copy(update={"environments": (only,)})
    with pytest.raises(IncompatibleError, match=OTHER):
        run(bound, mixed)
