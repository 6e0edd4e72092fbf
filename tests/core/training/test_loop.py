"""The loop: it learns, goes on bit by bit after a kill, and stops when numbers go wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import toy_training
from toy_training import run

from vla_gym.errors import TrainingError
from vla_gym.results import load_results
from vla_gym.testing import MockPolicy
from vla_gym.training import TrainConfig, loop
from vla_gym.training.config import OptimizerConfig
from vla_gym.training.loop import learning_rate


def config(tmp_path: Path, **changes: Any) -> TrainConfig:
    made = {
        "policy": "toy",
        "data": [{"path": str(tmp_path / "data")}],
        "steps": 30,
        "batch_size": 16,
        "optimizer": {"lr": 0.01, "schedule": "cosine", "warmup": 3},
        "augment": {"shift": 1, "brightness": 0.1, "contrast": 0.1, "saturation": 0.1},
        "ema": 0.9,
        "save_every": 7,
        "log_every": 5,
    }
    return TrainConfig.model_validate({**made, **changes})


def weights(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / "weights.pt", weights_only=True)
    return found


def losses(out: Path) -> list[float]:
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def test_the_loss_falls_and_is_logged(tmp_path: Path) -> None:
    run(config(tmp_path, steps=60), tmp_path / "out")
    found = losses(tmp_path / "out")
    assert len(found) == 12
    assert found[-1] < 0.6 * found[0]
    begin = json.loads((tmp_path / "out/log.jsonl").read_text().splitlines()[0])
    assert begin == {"begin": 0, "frames": [90], "shares": [1.0], "tasks": 2}


def test_the_loss_on_what_is_held_out_is_logged_and_changes_nothing(tmp_path: Path) -> None:
    held_out = {"data": [{"path": str(tmp_path / "others")}], "every": 10, "batches": 2}
    plain = weights(run(config(tmp_path), tmp_path / "plain"))
    watched = weights(run(config(tmp_path, held_out=held_out), tmp_path / "watched"))
    assert all(torch.equal(plain[name], watched[name]) for name in plain)
    lines = map(json.loads, (tmp_path / "watched/log.jsonl").read_text().splitlines())
    found = {line["step"]: line["held_out"]["loss"] for line in lines if "held_out" in line}
    assert list(found) == [10, 20, 30]
    assert found[30] < found[20] < found[10]


SUITE = """
from vla_gym.schema import Record
from vla_gym.testing import mock_suite

class Options(Record):
    steps: int = 5

def suite(options):
    return mock_suite(3, chain=1, max_steps=options.steps)
"""


def test_an_evaluation_on_the_way_is_logged_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []

    def policy(self: Any) -> MockPolicy:
        modes.append(self.module.training)
        return MockPolicy(competence=1.0)

    monkeypatch.setattr(toy_training.Toy, "policy", policy)
    plain = weights(run(config(tmp_path, steps=20), tmp_path / "plain"))
    (tmp_path / "mock.py").write_text(SUITE)
    suite = {"suite": str(tmp_path / "mock.py"), "options": {"steps": 12}, "every": 10, "limit": 2}
    given = config(tmp_path, steps=20, evaluate=suite)
    watched = weights(run(given, tmp_path / "watched"))
    assert all(torch.equal(plain[name], watched[name]) for name in plain)
    assert modes == [False, False]  # the network rests, with the weights that are saved
    lines = map(json.loads, (tmp_path / "watched/log.jsonl").read_text().splitlines())
    found = {line["step"]: line["eval"] for line in lines if "eval" in line}
    assert list(found) == [10, 20]
    for step in found:
        results = load_results(tmp_path / f"watched/eval/step-{step:06d}")
        assert len(results.records) == 2
        assert found[step] == results.summary.columns


def test_killed_and_gone_on_with_it_has_the_same_weights(tmp_path: Path) -> None:
    given = config(tmp_path)
    whole = weights(run(given, tmp_path / "whole"))
    command = [sys.executable, toy_training.__file__, given.model_dump_json()]
    killed = subprocess.run([*command, str(tmp_path / "parts"), "11"], check=False)
    assert killed.returncode == -9
    assert not (tmp_path / "parts/checkpoint").exists()
    parts = weights(run(given, tmp_path / "parts"))
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        assert torch.equal(value, parts[name]), name


def test_it_did_go_on_and_not_begin_anew(tmp_path: Path) -> None:
    given = config(tmp_path, optimizer={"lr": 0.01}, steps=14)
    run(given, tmp_path / "out")
    run(given.model_copy(update={"steps": 21}), tmp_path / "out")
    lines = (tmp_path / "out/log.jsonl").read_text().splitlines()
    assert [json.loads(x)["begin"] for x in lines if "begin" in x] == [0, 14]


def test_parts_of_a_batch_add_up_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toy_training.Toy, "losses", _without_dropout)
    plain = {"augment": {}, "optimizer": {"lr": 0.01}, "steps": 1, "ema": None}
    torch.manual_seed(0)
    for name, parts in (("one", 1), ("two", 2)):
        given = config(tmp_path, accumulate=parts, **plain)
        run(given, tmp_path / name)
    one, two = weights(tmp_path / "one/checkpoint"), weights(tmp_path / "two/checkpoint")
    # Each part divides by its own number of unmasked labels, so they agree only nearly.
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=0.02), name


def _without_dropout(self: Any, samples: Any) -> Any:
    self.module.eval()
    return _kept_losses(self, samples)


_kept_losses = toy_training.Toy.losses


def test_another_training_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    given = config(tmp_path, steps=2)
    run(given, tmp_path / "out")
    with pytest.raises(TrainingError, match="another training; these differ: batch_size, seed"):
        run(given.model_copy(update={"seed": 1, "batch_size": 8}), tmp_path / "out")
    with pytest.raises(TrainingError, match="differ: steps"):  # a cosine depends on its end
        run(given.model_copy(update={"steps": 3}), tmp_path / "out")


def test_a_loss_that_is_not_finite_stops_it(tmp_path: Path) -> None:
    given = config(tmp_path, steps=20, save_every=1, optimizer={"lr": 1e30})
    with pytest.raises(TrainingError, match=r"loss of step \d+ is not finite.*Lower optimizer.lr"):
        run(given, tmp_path / "out")


def test_a_damaged_state_is_said(tmp_path: Path) -> None:
    given = config(tmp_path, steps=7)
    run(given, tmp_path / "out")
    state = tmp_path / "out/state.pt"
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(TrainingError, match=r"state.pt cannot be used.*Remove it"):
        run(given, tmp_path / "out")


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(TrainingError, match=r"state of step 7 cannot be written.*No space left"):
        run(config(tmp_path), tmp_path / "out")


def test_frozen_as_a_whole_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = toy_training.Toy.__init__

    def frozen(self: Any) -> None:
        made(self)
        self.module.requires_grad_(False)

    monkeypatch.setattr(toy_training.Toy, "__init__", frozen)
    with pytest.raises(TrainingError, match="nothing to train"):
        run(config(tmp_path), tmp_path / "out")


def test_learning_rates() -> None:
    plan = OptimizerConfig(lr=1.0, schedule="cosine", warmup=4, final=0.1)
    rates = [learning_rate(plan, step, 12) for step in range(13)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == pytest.approx(1.0)
    assert rates[8] == pytest.approx(0.55)
    assert rates[12] == pytest.approx(0.1)
    assert learning_rate(OptimizerConfig(lr=0.5), 99, 12) == 0.5


def test_the_average_is_what_is_saved(tmp_path: Path) -> None:
    average = weights(run(config(tmp_path, steps=7), tmp_path / "out"))
    state = torch.load(tmp_path / "out/state.pt", weights_only=True)
    for name, value in average.items():
        assert torch.equal(value, state["average"][name])
        assert not torch.equal(value, state["weights"][name])


def test_a_checkpoint_to_begin_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(config(tmp_path, steps=7), tmp_path / "first")
    loaded = []
    monkeypatch.setattr(toy_training.Toy, "load", lambda self, folder: loaded.append(folder))
    run(config(tmp_path, steps=1, initial=str(first)), tmp_path / "second")
    assert loaded == [first]
    assert first.name == loop.CHECKPOINT
