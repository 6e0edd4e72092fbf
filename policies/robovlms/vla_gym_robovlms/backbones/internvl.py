"""InternVL 3, in transformers' own format (weights whose names end in ``-hf``)."""

from __future__ import annotations

from typing import Any

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.base import IMAGENET_MEAN, IMAGENET_STD
from vla_gym_robovlms.backbones.huggingface import HuggingFaceBackbone, transformers_class


class InternVl3(HuggingFaceBackbone):
    """InternViT, pixel shuffle and Qwen 2."""

    model_class = "InternVLForConditionalGeneration"
    hub = "OpenGVLab/InternVL3-1B-hf"
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    image_at = 0

    @classmethod
    def tiny(cls) -> Any:
        """56 px, four image tokens."""
        return transformers_class("InternVLConfig")(
            text_config=tiny.text(model_type="qwen2"),
            vision_config=tiny.vision(image_size=[56, 56], patch_size=[14, 14]),
            image_token_id=tiny.IMAGE_TOKEN,
            downsample_ratio=0.5,
        )
