"""PaliGemma and PaliGemma 2: SigLIP and Gemma, image tokens in front of the text."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.base import HALF
from vla_gym_robovlms.backbones.huggingface import HuggingFaceBackbone, transformers_class
from vla_gym_robovlms.sequence import ACTION, Tokens


class PaliGemma(HuggingFaceBackbone):
    """Natively, image and text of a frame see each other (a prefix)."""

    model_class = "PaliGemmaForConditionalGeneration"
    hub = "google/paligemma-3b-pt-224"
    template = "{instruction}\n"
    mean = std = HALF
    image_at = 0
    position_base = 1
    explicit_mask = True
    tiny_text: ClassVar[dict[str, Any]] = {"model_type": "gemma"}

    def groups(self, tokens: Tokens) -> Tensor | None:
        """A group a frame; action tokens come after the prefix."""
        return torch.where(tokens.kinds == ACTION, -1, tokens.frames)

    def logits(self, hidden: Tensor) -> Tensor:
        """Apply the output layer, softly capped where the model does so."""
        scores = super().logits(hidden)
        cap = getattr(self.language.config, "final_logit_softcapping", None)
        return scores if cap is None else torch.tanh(scores / cap) * cap

    @classmethod
    def tiny(cls) -> Any:
        """Four image tokens."""
        return transformers_class("PaliGemmaConfig")(
            text_config=tiny.text(head_dim=8, **cls.tiny_text),
            vision_config=tiny.vision(model_type="siglip_vision_model", projection_dim=32),
            image_token_id=tiny.IMAGE_TOKEN,
            projection_dim=32,
            hidden_size=32,
        )


class PaliGemma2(PaliGemma):
    """The same on Gemma 2, whose every second layer sees a sliding window."""

    hub = "google/paligemma2-3b-pt-224"
    tiny_text: ClassVar = {"model_type": "gemma2", "query_pre_attn_scalar": 8}
