"""Action heads, made by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vla_gym_robovlms.heads.base import HeadSize
from vla_gym_robovlms.heads.generative import DiffusionHead, FlowHead
from vla_gym_robovlms.heads.regression import GptHead, LstmHead, MlpHead

if TYPE_CHECKING:
    from vla_gym_robovlms.config import HeadConfig
    from vla_gym_robovlms.heads.base import Head

__all__ = ["DiffusionHead", "FlowHead", "GptHead", "HeadSize", "LstmHead", "MlpHead", "make_head"]


def make_head(config: HeadConfig, size: HeadSize) -> Head:
    """Return a continuous head; what the configuration leaves out is the head's own default."""
    layers: dict[str, Any] = {"layers": config.layers} if config.layers else {}
    steps: dict[str, Any] = {"steps": config.steps} if config.steps else {}
    if config.name == "lstm":
        return LstmHead(size, **layers)
    if config.name == "gpt":
        return GptHead(size, **layers, attention_heads=config.attention_heads)
    if config.name == "flow":
        return FlowHead(size, **layers, **steps)
    if config.name == "diffusion":
        return DiffusionHead(size, **layers, **steps)
    return MlpHead(size)
