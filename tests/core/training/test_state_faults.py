"""A damaged state of a training is a message with a fix, whatever is in the file."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from vla_gym.errors import TrainingError
from vla_gym.training import TrainConfig
from vla_gym.training.state import CONFIG, STATE, claim, load_state, save_state


def config() -> TrainConfig:
    return TrainConfig.model_validate({"policy": "toy", "data": [{"path": "x"}], "steps": 5})


def model() -> tuple[nn.Module, torch.optim.Optimizer]:
    module = nn.Linear(3, 2)
    return module, torch.optim.AdamW(module.parameters())


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Return a folder with a state."""
    claim(tmp_path, config())
    module, optimizer = model()
    module(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    save_state(tmp_path, 4, module, optimizer, None)
    return tmp_path


def load(folder: Path) -> int:
    module, optimizer = model()
    return load_state(folder, module, optimizer, None)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"text"', "\udcff", "[" * 100_000])
def test_a_damaged_configuration_is_told(text: str, whole: Path) -> None:
    (whole / CONFIG).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(TrainingError, match=r"train\.json cannot be used.*begin anew"):
        claim(whole, config())


def test_a_configuration_is_there_whole_or_not_at_all(whole: Path) -> None:
    claim(whole, config())
    assert not [path for path in whole.iterdir() if "partial" in path.name]


def reshape_average(file: Path) -> None:
    state = torch.load(file, weights_only=True)
    for remembered in state["optimizer"]["state"].values():
        remembered["exp_avg"] = torch.zeros(0)
    torch.save(state, file)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "shapes": reshape_average,
    "empty": lambda p: p.write_bytes(b""),
    "pickle": lambda p: p.write_bytes(pickle.dumps({"step": Path("x")})),
    "list": lambda p: torch.save([1, 2], p),
    "no step": lambda p: torch.save({**torch.load(p, weights_only=True), "step": "four"}, p),
    "weights": lambda p: torch.save({**torch.load(p, weights_only=True), "weights": 3}, p),
    "optimizer": lambda p: torch.save({**torch.load(p, weights_only=True), "optimizer": {}}, p),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_state_is_told(damage: str, whole: Path) -> None:
    assert load(whole) == 4
    DAMAGE[damage](whole / STATE)
    with pytest.raises(
        TrainingError, match=r"(?s)state\.pt cannot be used.*Remove it to begin anew"
    ):
        load(whole)


def test_mutated_states_are_told(whole: Path) -> None:
    data, rng = (whole / STATE).read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), 8):
            changed[place] = rng.integers(256)
        (whole / STATE).write_bytes(bytes(changed[: rng.integers(1, len(data) + 1)]))
        try:
            load(whole)
        except TrainingError:
            continue
