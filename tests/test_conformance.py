"""Everything registered keeps the contract: ``check_env`` and ``check_policy`` over all of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from vla_gym_template_env.env import ArmEnv

from vla_gym.conformance import check_env, check_policy
from vla_gym.contract import IncompatibleError, adapt
from vla_gym.env.registration import contract_of
from vla_gym.plugins import Entry, EnvEntry, PolicyEntry
from vla_gym.policies import make_policy
from vla_gym.registry import registry
from vla_gym.testing import ENV_ID

ENVS = registry().names(EnvEntry)
# NAME/VARIANT is a configuration of NAME; the package that brings it runs them all in miniature.
POLICIES = [name for name in registry().names(PolicyEntry) if "/" not in name]

# Environments that compile shaders keep the same promises with unlit ones at a small size.
SMALL = {"steps": 2, "shader": "trivial", "camera_sizes": {"static": (48, 64)}}
BOTH = {**SMALL, "camera_sizes": {"static": (48, 64), "wrist": (48, 64)}}
CHEAPER = {env_id: SMALL for env_id in ENVS if env_id.startswith("SimplerEnv-")}
CHEAPER |= {env_id: BOTH for env_id in ENVS if env_id.startswith("BDRBench-")}


def representatives() -> set[str]:
    """Return the last id of every class: it stands for the others, which --full runs too."""
    families = {}
    for env_id in ENVS:
        families[registry().get(EnvEntry, env_id).entry.target] = env_id
    return set(families.values())


SOME = representatives()
TABLE = [pytest.param(n, marks=[] if n in SOME else [pytest.mark.full]) for n in ENVS]


def usable(kind: type[Entry], name: str) -> None:
    """Skip what cannot run here, saying why."""
    if problem := registry().get(kind, name).problem:
        pytest.skip(f"{name} {problem}")


@pytest.fixture
def options(tmp_path: Path) -> Mapping[str, Mapping[str, Any]]:
    """What policies need that have no default for it."""
    recorded = tmp_path / "actions.npz"
    np.savez(recorded, actions=np.tile([0.0] * 6 + [1.0], (8, 1)))
    miniature = {"config": "kosmos-policy-head-continuous", "backbone": {"size": "tiny"}}
    return {
        "takeover": {"first": "random", "then": "random"},
        "replay": {"path": str(recorded)},
        "robovlms": miniature,
    }


def samples(env_id: str, names: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Return a few ``info`` mappings of an environment that is at work on a sub-task."""
    if not names:
        return []
    env = gymnasium.make(env_id, cameras=())
    try:
        task = sorted(env.unwrapped.tasks)[0]  # type: ignore[attr-defined]
        return [env.reset(seed=seed, options={"subtasks": [task]})[1] for seed in range(2)]
    finally:
        env.close()


def test_something_is_registered() -> None:
    assert ENVS
    assert POLICIES


def test_mock_and_template_environments_keep_the_contract() -> None:
    check_env(ENV_ID)
    env = ArmEnv()
    check_env(env)
    env.close()


@pytest.mark.parametrize("env_id", TABLE)
def test_every_environment_keeps_the_contract(env_id: str) -> None:
    usable(EnvEntry, env_id)
    if env_id in CHEAPER:
        device = pytest.importorskip("vla_gym_sapien.rendering").probe()
        if not device.ok:
            pytest.skip(f"SAPIEN finds no Vulkan device ({device.problem})")
    check_env(env_id, **CHEAPER.get(env_id, {}))


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_keeps_the_contract(
    name: str, options: Mapping[str, Mapping[str, Any]], pytestconfig: pytest.Config
) -> None:
    usable(PolicyEntry, name)
    everywhere = ENVS if pytestconfig.getoption("--full") else sorted(SOME)
    fitting = []
    for env_id in everywhere:
        policy = make_policy(name, env_contract=contract_of(env_id), options=options.get(name))
        try:
            adapt(policy.spec, contract_of(env_id), env_id=env_id)
        except IncompatibleError:
            continue
        fitting.append(env_id)
    assert fitting, f"{name} fits no registered environment"
    policy = make_policy(name, env_contract=contract_of(fitting[0]), options=options.get(name))
    infos = samples(fitting[0], policy.spec.privileged)
    check_policy(policy, infos=infos, environment=fitting[0])
