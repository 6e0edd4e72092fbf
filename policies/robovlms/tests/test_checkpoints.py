"""Our folders assert what they mean; released files are mapped key by key and never run code."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from samples_vla import tiny_config, tiny_model
from vla_gym_robovlms.checkpoints import load_checkpoint, save_checkpoint
from vla_gym_robovlms.checkpoints.errors import CheckpointError
from vla_gym_robovlms.checkpoints.format import FORMAT
from vla_gym_robovlms.checkpoints.released import report_released

PUBLISHED = {
    "robovlm_name": "RoboKosMos",
    "window_size": 3,
    "fwd_pred_next_n": 4,
    "use_hand_rgb": True,
    "norm_min": -0.65,
    "norm_max": 0.65,
    "act_head": {
        "type": "LSTMDecoder",
        "hidden_size": 32,
        "window_size": 1,
        "fwd_pred_next_n": 1,
        "history_type": "post",
        "action_space": "continuous",
        "latent": 1,
    },
}
OPTIONS = {"backbone": {"size": "tiny"}, "head": {"layers": 4}}


def released_state(model: Any, *, prefix: str = "") -> dict[str, torch.Tensor]:
    """Return a model's weights under the names that the reference gives them.

    Kosmos-2 as transformers 4.37 names it, the head's ``rnn``, ``actions.mlp`` and ``gripper.mlp``.
    """
    state = {}
    for key, value in model.state_dict().items():
        name = key.replace("backbone.model.", "backbone.", 1)
        state[f"{prefix}model.{name}"] = value.clone()
    state[f"{prefix}model.backbone.vision_model.model.embeddings.position_ids"] = torch.arange(5)
    return state


@pytest.fixture
def config() -> Any:
    return tiny_config(head={"name": "lstm", "layers": 4}, cameras=("static", "wrist"))


@pytest.fixture
def released(tmp_path: Path, config: Any) -> tuple[Path, Any]:
    model = tiny_model(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01)
    path = tmp_path / "kosmos_ph.pt"
    torch.save({"state_dict": released_state(model, prefix="module."), "epoch": 4}, path)
    (tmp_path / "kosmos_ph.json").write_text(json.dumps(PUBLISHED))
    return path, model


def test_a_released_file_loads_whole(released: tuple[Path, Any], config: Any) -> None:
    path, original = released
    model = tiny_model(config)
    report = report_released(model, path)
    assert report.fits
    assert not report.missing
    assert [key.rpartition(".")[2] for key in report.ignored] == ["position_ids"]
    load_checkpoint(model, path)
    for key, value in original.state_dict().items():
        assert torch.equal(model.state_dict()[key], value), key


def test_a_released_file_converts_by_its_published_configuration(
    released: tuple[Path, Any], tmp_path: Path, config: Any
) -> None:
    path, original = released
    options = {"json": str(tmp_path / "kosmos_ph.json"), **OPTIONS}
    assert "0 missing" not in " ".join(FORMAT.inspect(path, options))
    FORMAT.convert(path, tmp_path / "ours", options)
    model = tiny_model(config)
    load_checkpoint(model, tmp_path / "ours")
    assert torch.equal(model.act_head.rnn.weight_ih_l0, original.act_head.rnn.weight_ih_l0)
    assert FORMAT.recognises(tmp_path / "ours")
    assert any("formulation: policy-head" in line for line in FORMAT.inspect(tmp_path / "ours", {}))


@pytest.mark.parametrize("damage", ["missing", "extra", "misshaped"])
def test_keys_that_do_not_fit_are_named(damage: str, tmp_path: Path, config: Any) -> None:
    state = released_state(tiny_model(config))
    key = "model.act_head.rnn.weight_ih_l0"
    if damage == "missing":
        del state[key]
    elif damage == "extra":
        state["model.act_head.surprise"] = torch.zeros(3)
    else:
        state[key] = torch.zeros(5, 5)
    torch.save({"model_state_dict": state}, tmp_path / "bad.pt")
    with pytest.raises(CheckpointError, match=f"1 {damage}: act_head"):
        load_checkpoint(tiny_model(config), tmp_path / "bad.pt")


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('the pickle was executed')",))


def test_a_pickle_is_never_executed(tmp_path: Path, config: Any) -> None:
    torch.save({"state_dict": {"model.x": torch.zeros(1)}, "hook": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(CheckpointError, match="not loaded"):
        load_checkpoint(tiny_model(config), tmp_path / "trap.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError):
        load_checkpoint(tiny_model(config), tmp_path / "plain.pt")


def test_other_statistics_are_an_error_not_a_bad_score(tmp_path: Path, config: Any) -> None:
    save_checkpoint(tiny_model(config), tmp_path / "saved")
    other = tiny_config(
        head={"name": "lstm", "layers": 4},
        cameras=("static", "wrist"),
        normalization={"low": (-1.0,) * 6, "high": (1.0,) * 6},
    )
    with pytest.raises(CheckpointError, match="normalization"):
        load_checkpoint(tiny_model(other), tmp_path / "saved")


def test_a_folder_that_is_no_checkpoint_says_so(tmp_path: Path, config: Any) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint of ours"):
        load_checkpoint(tiny_model(config), tmp_path)
