"""Two arms with joint control go the whole way: checked, run, collected, learned, evaluated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from toy_training import Toy

from vla_gym.collection.collect import collect
from vla_gym.conformance import check_env, check_policy
from vla_gym.contract import CameraSpec, GripperSpec, IncompatibleError, Mode, PolicySpec, adapt
from vla_gym.contract.spec import ActionSpec, JointsSpec
from vla_gym.datasets import load_dataset
from vla_gym.policies.random import RandomOptions, RandomPolicy
from vla_gym.runner.evaluation import evaluate
from vla_gym.testing import (
    ENV_ID,
    TWO_ARMS_ID,
    MockPolicy,
    TwoArmExpert,
    mock_contract,
    two_arm_contract,
    two_arm_suite,
)
from vla_gym.testing.chaos import comparable_lines, episodes_in, kill_after_episodes
from vla_gym.training import TrainConfig, loop

QUIET: dict[str, Any] = {"video": "none", "progress": False}
SHOWN = 24


def test_the_world_and_its_expert_keep_the_contract() -> None:
    assert check_env(TWO_ARMS_ID, cameras=("static",)).ok
    assert check_env(ENV_ID, cameras=("static",)).ok
    assert check_policy(TwoArmExpert(), infos=[{"target": np.ones(8)}]).ok
    contract = two_arm_contract()
    assert contract.action.arms == ()
    assert list(contract.action.slices) == [
        "left/joints",
        "left/gripper",
        "right/joints",
        "right/gripper",
    ]


def test_an_end_effector_is_refused_with_codes() -> None:
    for policy, contract in (
        (MockPolicy().spec, two_arm_contract()),
        (TwoArmExpert().spec, mock_contract()),
    ):
        with pytest.raises(IncompatibleError) as caught:
            adapt(policy.model_copy(update={"cameras": {}, "proprioception": ()}), contract)
        codes = {issue.code for issue in caught.value.issues if issue.severity == "error"}
        assert codes == {"missing_part", "extra_part"}


def test_what_is_written_of_an_action_without_its_defaults_can_be_read() -> None:
    action = two_arm_contract().action
    for left_out in ({"exclude_defaults": True}, {"exclude_unset": True}, {}):
        assert ActionSpec.model_validate(action.model_dump(mode="json", **left_out)) == action


def in_degrees() -> PolicySpec:
    """Return a policy that says where joints should be, in degrees, the right arm first."""
    parts = {part.name: part for part in two_arm_contract().action.parts}
    said = []
    for arm in ("right", "left"):
        joints = parts[f"{arm}/joints"]
        assert isinstance(joints, JointsSpec)
        names = tuple(reversed(joints.names))
        said.append(JointsSpec(arm=arm, names=names, mode=Mode.ABSOLUTE, unit="deg"))
        said.append(GripperSpec(arm=arm, open=1, closed=0, mode=Mode.ABSOLUTE, binary=False))
    return PolicySpec(
        cameras={"static": CameraSpec(height=8, width=8, resize="area")},
        proprioception=two_arm_contract().proprioception,
        action=two_arm_contract().action.model_copy(update={"parts": tuple(said), "clip": False}),
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Demonstrations of the expert."""
    out = tmp_path_factory.mktemp("two-arms")
    collect(TwoArmExpert(), two_arm_suite(SHOWN), out=out, workers=1, progress=False)
    return out


def test_demonstrations_are_those_of_two_arms(data: Path) -> None:
    dataset = load_dataset(data)
    assert dataset.spec.contract.action == two_arm_contract().action
    assert len(dataset.lengths) >= SHOWN
    assert dataset.episode(0).actions.shape == (dataset.lengths[0], 8)


SCRIPT = """
import sys
import vla_gym
from vla_gym.testing import TwoArmExpert, two_arm_suite

vla_gym.evaluate(
    TwoArmExpert(), two_arm_suite(12), out=sys.argv[1], workers=2, video="none", progress=False
)
"""


def test_kills_and_workers_change_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(entry or "." for entry in sys.path))
    evaluate(TwoArmExpert(), two_arm_suite(12), out=tmp_path / "calm", workers=1, **QUIET)
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "chaos")]
    kill_after_episodes(command, tmp_path / "chaos", more=3)
    assert 3 <= episodes_in(tmp_path / "chaos") < 12
    subprocess.run(command, check=True)
    assert comparable_lines(tmp_path / "chaos") == comparable_lines(tmp_path / "calm")


def trained(toy: Toy, data: Path, out: Path) -> Path:
    config = TrainConfig.model_validate(
        {
            "policy": "toy",
            "data": [{"path": str(data)}],
            "steps": 400,
            "batch_size": 64,
            "optimizer": {"lr": 0.01},
        }
    )
    with patch.object(loop, "make_trainable", lambda config: toy):
        return loop.train(config, out, progress=False)


def test_what_was_shown_is_learned(data: Path, tmp_path: Path) -> None:
    """A toy without words learns what most demonstrations do, and its checkpoint is evaluated."""
    contract = two_arm_contract()
    spec = PolicySpec(
        cameras={"static": CameraSpec(height=8, width=8, resize="area")},
        proprioception=contract.proprioception,
        action=contract.action,
        chunk=2,
    )
    folder = trained(Toy(spec), data, tmp_path / "training")
    loaded = Toy(spec)
    loaded.load(folder)
    suite = two_arm_suite(10, chain=1)
    results = evaluate(loaded.policy(), suite, out=tmp_path / "run", workers=1, **QUIET)
    assert [record.error for record in results.records] == [None] * 10


def test_labels_in_other_terms_do_the_same(data: Path, tmp_path: Path) -> None:
    """Targets of joints in degrees, in another order, are learned from changes in radians."""
    from vla_gym.contract.inverse import invert

    dataset, spec = load_dataset(data), in_degrees()
    convert = invert(spec, dataset.spec.contract)
    for number in range(4):
        episode = dataset.episode(number, images=False)
        labels = convert(episode.actions, episode.proprioception)
        assert labels.exact.all()
        adapter = adapt(spec, dataset.spec.contract).start()
        again = [
            adapter.actions(row[None], {"proprioception": state})[0]
            for row, state in zip(labels.actions, episode.proprioception, strict=True)
        ]
        np.testing.assert_allclose(again, episode.actions, atol=1e-6)
        first = labels.actions[0, spec.action.slices["left/joints"]]
        left = np.rad2deg(episode.proprioception[0, :3] + 0.1 * episode.actions[0, :3])
        np.testing.assert_allclose(first, left[::-1], atol=1e-5)
    toy = Toy(spec.model_copy(update={"chunk": 2}))
    trained(toy, data, tmp_path / "training")
    results = evaluate(
        toy.policy(), two_arm_suite(2, chain=1), out=tmp_path / "run", workers=1, **QUIET
    )
    assert [record.error for record in results.records] == [None] * 2


def test_chance_knows_both_arms() -> None:
    policy = RandomPolicy(RandomOptions(), env_contract=two_arm_contract())
    assert check_policy(policy).ok
