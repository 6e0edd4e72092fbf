"""LLaVA, and the models that are a LLaVA of other parts: a vision tower, a projector, an LLM."""

from __future__ import annotations

from typing import Any

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.base import HALF
from vla_gym_robovlms.backbones.huggingface import HuggingFaceBackbone, transformers_class


def _container(text: dict[str, Any], vision: str, **more: Any) -> Any:
    """Return the tiny configuration of a LLaVA of these parts."""
    return transformers_class("LlavaConfig")(
        text_config=tiny.text(**text),
        vision_config=tiny.vision(model_type=vision),
        image_token_id=tiny.IMAGE_TOKEN,
        **more,
    )


class Llava(HuggingFaceBackbone):
    """CLIP and Llama: LLaVA 1.5."""

    model_class = "LlavaForConditionalGeneration"
    hub = "llava-hf/llava-1.5-7b-hf"

    @classmethod
    def tiny(cls) -> Any:
        """Four image tokens."""
        return _container({"model_type": "llama"}, "clip_vision_model")


class MoonDream(HuggingFaceBackbone):
    """SigLIP and Phi, as MoonDream 2 is built; the original is remote code without native class."""

    model_class = "LlavaForConditionalGeneration"
    hub = "vikhyatk/moondream2"
    template = "<|endoftext|>{instruction}"
    mean = std = HALF

    @classmethod
    def tiny(cls) -> Any:
        """Four image tokens; SigLIP has no class token to leave out."""
        return _container(
            {"model_type": "phi"}, "siglip_vision_model", vision_feature_select_strategy="full"
        )


class UForm(HuggingFaceBackbone):
    """CLIP and Qwen 2, as UForm-Gen2 is built; the original is remote code without native class."""

    model_class = "LlavaForConditionalGeneration"
    hub = "unum-cloud/uform-gen2-qwen-500m"
    template = "<image> {instruction}"

    @classmethod
    def tiny(cls) -> Any:
        """Four image tokens."""
        return _container({"model_type": "qwen2"}, "clip_vision_model")
