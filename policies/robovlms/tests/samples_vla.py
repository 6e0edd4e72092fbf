"""Tiny configurations and seeded pictures that the tests share."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
import torch
from vla_gym_robovlms.backbones import make_backbone
from vla_gym_robovlms.config import BackboneConfig, VlaConfig, parse_config
from vla_gym_robovlms.model import Vla
from vla_gym_robovlms.plugin import _BACKBONES

from vla_gym.training import Samples

torch.set_num_threads(1)

FAMILIES = tuple(_BACKBONES)
OURS = ("compact", "mini")
"""Networks of this package; the others are built by transformers."""

DISCRETE = {"action": "discrete", "head": {"name": "detokeniser"}, "chunk": 1}
MLP: dict[str, Any] = {"head": {"name": "mlp"}}
FLOW: dict[str, Any] = {"head": {"name": "flow", "steps": 3}}
DIFFUSION: dict[str, Any] = {"head": {"name": "diffusion", "steps": 3}}
FORMULATIONS: dict[str, dict[str, Any]] = {
    "one-step-mlp": {"formulation": "one-step", "history": 1, **MLP},
    "one-step-flow": {"formulation": "one-step", "history": 1, **FLOW},
    "one-step-diffusion": {"formulation": "one-step", "history": 1, **DIFFUSION},
    "one-step-discrete": {"formulation": "one-step", "history": 1, **DISCRETE},
    "interleaved-mlp": {"formulation": "interleaved", **MLP},
    "interleaved-flow": {"formulation": "interleaved", **FLOW},
    "interleaved-diffusion": {"formulation": "interleaved", **DIFFUSION},
    "interleaved-discrete": {"formulation": "interleaved", **DISCRETE},
    "policy-head-lstm": {"formulation": "policy-head", "head": {"name": "lstm", "layers": 2}},
    "policy-head-gpt": {"formulation": "policy-head", "head": {"name": "gpt", "layers": 2}},
}
BOTH = {"cameras": ("static", "wrist")}


def cells(rows: Iterable[Any], columns: Iterable[Any], *, every: int = 3) -> list[Any]:
    """Return all cells of a table as parameters; one in ``every`` of each row and column is run.

    The first row is run whole, and ``--full`` runs all.
    """
    whole = list(columns)
    return [
        pytest.param(row, column, marks=[pytest.mark.full] if i and (i + j) % every else [])
        for i, row in enumerate(rows)
        for j, column in enumerate(whole)
    ]


def tiny_config(backbone: str = "kosmos-2", **options: Any) -> VlaConfig:
    data: dict[str, Any] = {
        "backbone": {"name": backbone, "size": "tiny", **options.pop("backbone_options", {})},
        "formulation": "policy-head",
        "head": {"name": "lstm", "layers": 2},
        "history": 3,
        "chunk": 4,
        **options,
    }
    if backbone.startswith("flamingo") and data.get("action") != "discrete":
        data.setdefault("readout", {"kind": "pool"})
    return parse_config(data)


def awake(model: torch.nn.Module) -> Any:
    """Give numbers to what begins at zero (gates, Gemma's projector, biases): all parts count."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad and not parameter.any():
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


@cache
def shared_backbone(name: str, attention: str = "causal") -> Any:
    return awake(make_backbone(BackboneConfig(name=name, size="tiny", attention=attention)))


def tiny_model(config: VlaConfig) -> Vla:
    model: Vla = awake(Vla(config, make_backbone(config.backbone)))
    return model


def pictures(size: int, *shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (*shape, size, size, 3), generator=generator).to(torch.uint8)


def training_batch(config: VlaConfig, size: int, *, rows: int = 2) -> Samples:
    generator = torch.Generator().manual_seed(1)
    shape = (rows, config.history, config.chunk)
    actions = torch.rand(*shape, 7, generator=generator) * 2 - 1
    actions[..., 6] = (actions[..., 6] > 0).float()
    mask = torch.ones(shape, dtype=torch.bool)
    mask[0, -1, -1] = config.chunk == 1
    return Samples(
        images={role: pictures(size, rows, config.history) for role in config.cameras},
        proprioception=torch.zeros(rows, config.history, 0),
        instructions=["open the drawer", "push the red block to the left"][:rows],
        actions=actions,
        mask=mask,
    )
