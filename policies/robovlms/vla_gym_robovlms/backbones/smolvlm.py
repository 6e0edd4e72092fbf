"""SmolVLM 2: small, modern, and what a laptop can fine-tune."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.base import HALF
from vla_gym_robovlms.backbones.huggingface import HuggingFaceBackbone, transformers_class


class SmolVlm2(HuggingFaceBackbone):
    """SigLIP, pixel shuffle and SmolLM2."""

    model_class = "SmolVLMForConditionalGeneration"
    hub = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
    mean = std = HALF
    image_at = 0

    @property
    def language(self) -> Any:
        """The language model under its own name."""
        return self.model.model.text_model

    def embed_images(self, pixels: Tensor) -> Tensor:
        """One picture a row, unsplit."""
        return super().embed_images(pixels[:, None])

    @classmethod
    def tiny(cls) -> Any:
        """56 px, four image tokens."""
        return transformers_class("SmolVLMConfig")(
            text_config=tiny.text(model_type="llama"),
            vision_config=tiny.vision(image_size=56),
            image_token_id=tiny.IMAGE_TOKEN,
            scale_factor=2,
        )
