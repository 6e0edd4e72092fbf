"""Gemma 3: SigLIP and a language model with five sliding-window layers to a full one."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.base import HALF
from vla_gym_robovlms.backbones.huggingface import (
    HuggingFaceBackbone,
    image_groups,
    transformers_class,
)
from vla_gym_robovlms.sequence import Tokens


class Gemma3(HuggingFaceBackbone):
    """Natively, the tokens of an image see each other."""

    model_class = "Gemma3ForConditionalGeneration"
    hub = "google/gemma-3-4b-it"
    mean = std = HALF
    explicit_mask = True

    def groups(self, tokens: Tokens) -> Tensor | None:
        """A group an image."""
        return image_groups(tokens)

    @classmethod
    def tiny(cls) -> Any:
        """Four image tokens."""
        return transformers_class("Gemma3Config")(
            text_config=tiny.text(head_dim=8, query_pre_attn_scalar=8),
            vision_config=tiny.vision(),
            image_token_id=tiny.IMAGE_TOKEN,
            mm_tokens_per_image=4,
        )
