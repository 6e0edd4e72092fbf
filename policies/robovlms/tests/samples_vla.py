"""Tiny configurations and seeded pictures that the tests share."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from functools import cache
from typing import Any

import torch
from vla_gym_robovlms.backbones import make_backbone
from vla_gym_robovlms.config import BackboneConfig, VlaConfig, parse_config
from vla_gym_robovlms.model import Vla
from vla_gym_robovlms.plugin import _BACKBONES

torch.set_num_threads(1)

FAMILIES = tuple(_BACKBONES)

FORMULATIONS: dict[str, dict[str, Any]] = {
    "one-step-mlp": {"formulation": "one-step", "head": {"name": "mlp"}, "history": 1},
    "one-step-flow": {"formulation": "one-step", "head": {"name": "flow"}, "history": 1},
    "one-step-diffusion": {"formulation": "one-step", "head": {"name": "diffusion"}, "history": 1},
    "one-step-discrete": {
        "formulation": "one-step",
        "action": "discrete",
        "head": {"name": "detokeniser"},
        "readout": {"kind": "token"},
        "history": 1,
        "chunk": 1,
    },
    "interleaved-mlp": {"formulation": "interleaved", "head": {"name": "mlp"}},
    "interleaved-discrete": {
        "formulation": "interleaved",
        "action": "discrete",
        "head": {"name": "detokeniser"},
        "readout": {"kind": "token"},
        "chunk": 1,
    },
    "policy-head-lstm": {"formulation": "policy-head", "head": {"name": "lstm", "layers": 2}},
    "policy-head-gpt": {"formulation": "policy-head", "head": {"name": "gpt", "layers": 2}},
}
BOTH = {"cameras": ("static", "wrist")}


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
