"""Tiny configurations, and a seeded picture."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from functools import cache
from typing import Any

import pytest
import torch
from vla_gym_robovlms.backbones import make_backbone
from vla_gym_robovlms.config import BackboneConfig, VlaConfig, parse_config
from vla_gym_robovlms.model import Vla
from vla_gym_robovlms.plugin import _BACKBONES

torch.set_num_threads(1)

FAMILIES = tuple(_BACKBONES)


def tiny_config(backbone: str = "kosmos-2", **options: Any) -> VlaConfig:
    data: dict[str, Any] = {
        "backbone": {"name": backbone, "size": "tiny", **options.pop("backbone_options", {})},
        "formulation": "policy-head",
        "head": {"name": "lstm", "layers": 2},
        "history": 3,
        "chunk": 4,
        **options,
    }
    if backbone.startswith("flamingo"):
        data.setdefault("readout", {"kind": "pool"})
    return parse_config(data)


@cache
def shared_backbone(name: str, attention: str = "causal") -> Any:
    return make_backbone(BackboneConfig(name=name, size="tiny", attention=attention)).eval()


def tiny_model(config: VlaConfig) -> Vla:
    return Vla(config, make_backbone(config.backbone)).eval()


def pictures(size: int, *shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (*shape, size, size, 3), generator=generator).to(torch.uint8)


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)
