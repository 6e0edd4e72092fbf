"""A model for two arms with joint control: nothing in it is made for six numbers and a gripper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from samples_vla import DISCRETE

from vla_gym.collection.collect import collect
from vla_gym.runner.evaluation import evaluate
from vla_gym.testing import TwoArmExpert, two_arm_contract, two_arm_suite
from vla_gym.training import TrainConfig
from vla_gym.training.loop import train

QUIET: dict[str, Any] = {"video": "none", "progress": False}


def robot() -> dict[str, Any]:
    """Return the world's action with grippers as probabilities."""
    action = two_arm_contract().action.model_dump(mode="json")
    for part in action["parts"]:
        part |= {"low": None, "high": None}
        if part["kind"] == "gripper":
            part |= {"open": 1.0, "closed": 0.0, "threshold": 0.5}
    return {**action, "clip": False}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("two-arms")
    collect(TwoArmExpert(), two_arm_suite(4, chain=1), out=out, workers=1, progress=False)
    return out


HEADS: dict[str, dict[str, Any]] = {
    "regression": {"backbone": {"name": "mini", "size": "tiny"}, "head": {"name": "mlp"}},
    "flow": {
        "backbone": {"name": "mini", "size": "tiny"},
        "head": {"name": "flow", "steps": 3},
        "formulation": "one-step",
    },
    "discrete": {
        "backbone": {"name": "compact", "size": "tiny"},
        "formulation": "one-step",
        **DISCRETE,
    },
}


@pytest.mark.parametrize("head", HEADS)
def test_it_is_trained_saved_and_evaluated(head: str, data: Path, tmp_path: Path) -> None:
    config = TrainConfig.model_validate(
        {
            "policy": "robovlms",
            "options": {
                "formulation": "policy-head",
                "chunk": 4,
                "cameras": ["static"],
                "robot": robot(),
                **HEADS[head],
            },
            "data": [{"path": str(data)}],
            "steps": 4,
            "batch_size": 4,
        }
    )
    folder = train(config, tmp_path / "training", progress=False)
    saved = yaml.safe_load((folder / "policy.yaml").read_text())
    assert len(saved["normalization"]["low"]) == 6  # three joints of each arm
    policy, suite = str(folder / "policy.yaml"), two_arm_suite(2, chain=1, max_steps=4)
    results = evaluate(policy, suite, out=tmp_path / "run", workers=1, **QUIET)
    assert [record.error for record in results.records] == [None] * 2
    assert [record.subtasks[0].steps for record in results.records] == [4] * 2
