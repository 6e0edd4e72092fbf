"""Our folders assert what they mean; released files are mapped key by key and never run code."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from released_facts import FILE_BYTES, TINY, Sizes, released_shapes, synthetic_state
from samples_vla import tiny_config, tiny_model
from typer.testing import CliRunner
from vla_gym_robovlms.backbones import make_backbone
from vla_gym_robovlms.checkpoint_format import FORMAT
from vla_gym_robovlms.checkpoints import load_checkpoint, save_checkpoint
from vla_gym_robovlms.checkpoints.errors import CheckpointError
from vla_gym_robovlms.checkpoints.released import our_key, report_released
from vla_gym_robovlms.model import Vla
from vla_gym_robovlms.options import resolve

from vla_gym.cli.app import app
from vla_gym.policies import make_policy

PUBLISHED = {
    "robovlm_name": "RoboKosMos",
    "model": "kosmos",
    "window_size": 3,
    "fwd_pred_next_n": 4,
    "use_hand_rgb": True,
    "train_dataset": {"type": "DiskCalvinDataset"},
    "norm_action": True,
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


@pytest.fixture
def config() -> Any:
    return tiny_config(head={"name": "lstm", "layers": 4}, cameras=("static", "wrist"))


@pytest.fixture
def released(tmp_path: Path) -> Path:
    path = tmp_path / "kosmos_ph.pt"
    torch.save({"state_dict": synthetic_state(prefix="module."), "epoch": 4}, path)
    (tmp_path / "kosmos_ph.json").write_text(json.dumps(PUBLISHED))
    return path


@pytest.mark.full  # a model of full size, on no device: half a minute
def test_our_model_has_the_keys_and_shapes_of_the_released_files() -> None:
    config = resolve("kosmos-policy-head-continuous", {"backbone": {"weights": "random"}})
    with torch.device("meta"):
        model = Vla(config, make_backbone(config.backbone))
    ours = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    theirs = {our_key(key): shape for key, shape in released_shapes(Sizes()).items()}
    assert ours == theirs
    del theirs["backbone.model.text_model.lm_head.weight"]  # tied, so stored once
    size = 4 * sum(map(math.prod, theirs.values()))
    assert 0 < FILE_BYTES - size < 1_000_000  # names and archive headers are the rest


def test_a_released_file_loads_whole(released: Path, config: Any) -> None:
    model = tiny_model(config)
    report = report_released(model, released)
    assert report.fits
    assert not report.missing
    assert [key.rpartition(".")[2] for key in report.ignored] == ["position_ids"]
    load_checkpoint(model, released)
    ours = model.state_dict()
    for key, value in synthetic_state().items():
        if not key.endswith("position_ids"):
            assert torch.equal(ours[our_key(key)], value), key


def test_a_released_file_converts_by_its_published_configuration(
    released: Path, tmp_path: Path, config: Any
) -> None:
    options = {"json": str(tmp_path / "kosmos_ph.json"), **OPTIONS}
    lines = FORMAT.inspect(released, options)
    assert f"{len(released_shapes(TINY))} keys match" in lines
    assert not any("missing" in line or "extra" in line for line in lines)
    FORMAT.convert(released, tmp_path / "ours", options)
    model = tiny_model(config)
    load_checkpoint(model, tmp_path / "ours")
    weights = synthetic_state()["model.act_head.rnn.weight_ih_l0"]
    assert torch.equal(model.act_head.rnn.weight_ih_l0, weights)
    assert FORMAT.recognises(tmp_path / "ours")
    assert any("formulation: policy-head" in line for line in FORMAT.inspect(tmp_path / "ours", {}))


def test_the_command_line_inspects_converts_and_the_result_acts(
    released: Path, tmp_path: Path
) -> None:
    settings = [f"json={tmp_path}/kosmos_ph.json", "backbone.size=tiny", "head.layers=4"]
    options = [word for setting in settings for word in ("--set", setting)]
    seen = CliRunner().invoke(app, ["checkpoint", "inspect", str(released), *options])
    assert seen.exit_code == 0, seen.output
    assert "keys match" in seen.output
    out = tmp_path / "abc"
    made = CliRunner().invoke(
        app, ["checkpoint", "convert", str(released), *options, "--out", str(out)]
    )
    assert made.exit_code == 0, made.output
    policy: Any = make_policy(str(out / "policy.yaml"), env_contract=None)
    assert torch.equal(
        policy.model.act_head.rnn.weight_hh_l3.cpu(),
        synthetic_state()["model.act_head.rnn.weight_hh_l3"],
    )


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_our_own_checkpoint_is_stored_in_half_the_space(
    precision: str, tmp_path: Path, config: Any
) -> None:
    save_checkpoint(tiny_model(config), tmp_path / "wide")
    lines = FORMAT.convert(tmp_path / "wide", tmp_path / "half", {"precision": precision})
    assert lines == [
        f"written: {tmp_path}/half (vla-gym eval --policy {tmp_path}/half/policy.yaml)"
    ]
    wide, half = (tmp_path / name / "model.safetensors" for name in ("wide", "half"))
    assert half.stat().st_size < 0.55 * wide.stat().st_size
    wide, half = (
        make_policy(str(tmp_path / n / "policy.yaml"), env_contract=None) for n in ("wide", "half")
    )
    weights = half.model.state_dict()
    for key, value in wide.model.state_dict().items():
        assert weights[key].dtype == value.dtype
        assert torch.equal(weights[key], value.to(getattr(torch, precision)).to(value.dtype)), key


def test_our_own_checkpoint_is_not_written_smaller_at_a_loss(tmp_path: Path, config: Any) -> None:
    model = tiny_model(config)
    with torch.no_grad():
        next(model.parameters()).flatten()[0] = 1e6
    save_checkpoint(model, tmp_path / "wide")
    with pytest.raises(CheckpointError, match="too large for float16"):
        FORMAT.convert(tmp_path / "wide", tmp_path / "half", {"precision": "float16"})
    assert not (tmp_path / "half").exists()
    with pytest.raises(CheckpointError, match="precision='int8'"):
        FORMAT.convert(tmp_path / "wide", tmp_path / "half", {"precision": "int8"})
    with pytest.raises(CheckpointError, match="already"):
        FORMAT.convert(tmp_path / "wide", tmp_path / "half", {})


@pytest.mark.parametrize("damage", ["missing", "extra", "misshaped"])
def test_keys_that_do_not_fit_are_named(damage: str, tmp_path: Path, config: Any) -> None:
    state = synthetic_state()
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
