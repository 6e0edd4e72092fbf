"""Collect, train, evaluate: the whole way in small, on a world that costs nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import samples_vla  # noqa: F401  (one thread)

from vla_gym.collection.collect import collect
from vla_gym.results import Results
from vla_gym.runner.evaluation import evaluate
from vla_gym.testing.mock_env import mock_contract
from vla_gym.testing.policy import MockPolicy
from vla_gym.testing.suite import mock_suite
from vla_gym.training import TrainConfig
from vla_gym.training.loop import train

SHOWN, ASKED = 36, 90


def _suite(first: int, last: int) -> Any:
    whole = mock_suite(last, chain=1, max_steps=12)
    return whole.model_copy(update={"episodes": whole.episodes[first:]})


def _options() -> dict[str, Any]:
    contract = mock_contract()
    action = contract.action.model_dump(mode="json")
    action["clip"] = False
    for part in action["parts"]:
        part |= {"low": None, "high": None}
        if part["kind"] == "gripper":
            part |= {"open": 1.0, "closed": 0.0, "threshold": 0.5}
    return {
        "backbone": {"name": "mini", "size": "tiny", "image_size": 40},
        "formulation": "policy-head",
        "head": {"name": "mlp", "hidden": 64},
        "chunk": 4,
        "cameras": ["static", "wrist"],
        "proprioception": [f.model_dump(mode="json") for f in contract.proprioception],
        "robot": action,
        "loss": {"gripper": 0.2},
        "execution": {"mode": "chunk", "execute": 2},
    }


@pytest.mark.slow
def test_what_was_shown_is_learned(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    steps, falls_to = (300, 0.5) if pytestconfig.getoption("--full") else (220, 0.6)
    data = tmp_path / "data"
    writer = collect(MockPolicy(competence=1.0), _suite(0, SHOWN), out=data, workers=1)
    assert len(writer) == SHOWN
    config = TrainConfig.model_validate(
        {
            "policy": "robovlms",
            "options": _options(),
            "data": [{"path": str(data)}],
            "steps": steps,
            "batch_size": 16,
            "optimizer": {"lr": 2e-3, "schedule": "cosine", "warmup": 10},
            "augment": {"shift": 1, "brightness": 0.05, "state_noise": 0.05},
            "ema": 0.95,
            "log_every": 10,
        }
    )
    checkpoint = train(config, tmp_path / "training", progress=False)
    lines = (tmp_path / "training/log.jsonl").read_text().splitlines()
    losses = [line["loss"] for line in map(json.loads, lines) if "loss" in line]
    assert losses[-1] < falls_to * losses[0]
    learned = _evaluated(str(checkpoint / "policy.yaml"), tmp_path / "learned")
    chance = _evaluated("random", tmp_path / "chance")
    assert learned.tasks.overall.rate.interval.low > chance.tasks.overall.rate.interval.high


def _evaluated(policy: str, out: Path) -> Results:
    suite = _suite(SHOWN, SHOWN + ASKED)
    return evaluate(policy, suite, out=out, workers=1, video="none", progress=False)
