"""Qwen2-VL, Qwen2.5-VL and Qwen3-VL: patches of any grid, positions in three axes."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.huggingface import HuggingFaceBackbone, transformers_class
from vla_gym_robovlms.backbones.patches import (
    deepstack_inputs,
    grid_features,
    grid_positions,
    merged_side,
    with_deepstack,
)
from vla_gym_robovlms.sequence import Tokens

_TOKENS = {
    "image_token_id": tiny.IMAGE_TOKEN,
    "video_token_id": 596,
    "vision_start_token_id": 597,
    "vision_end_token_id": 598,
}
_VISION = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 4,
    "out_hidden_size": 32,
}
_ROPE = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0}


class Qwen2Vl(HuggingFaceBackbone):
    """Images become patches that carry two frames of time; four patches merge into one token."""

    model_class = "Qwen2VLForConditionalGeneration"
    hub = "Qwen/Qwen2-VL-2B-Instruct"
    image_at = 0
    sizes: ClassVar = {"base": 224, "tiny": 56}

    def __init__(self, model: Any, tokenizer: Any, config: Any) -> None:
        """Count the tokens on each side of an image: 8 at 224 px."""
        super().__init__(model, tokenizer, config)
        self.side = merged_side(self.image_size, model.config.vision_config)

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Cut patches, run the vision tower and the merger."""
        return torch.stack(list(grid_features(self.model, pixels).pooler_output))

    def position_ids(self, tokens: Tokens) -> Tensor:
        """Return ``(3, B, S)``: time, row and column."""
        return grid_positions(tokens, self.side)

    def image_delimiters(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """``<|vision_start|>`` and ``<|vision_end|>``."""
        config = self.model.config
        return (config.vision_start_token_id,), (config.vision_end_token_id,)

    @classmethod
    def tiny(cls) -> Any:
        """56 px, four image tokens."""
        return transformers_class("Qwen2VLConfig")(
            text_config=tiny.text(rope_parameters=_ROPE),
            vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 4},
            **_TOKENS,
        )


class Qwen25Vl(Qwen2Vl):
    """The vision tower attends in windows."""

    model_class = "Qwen2_5_VLForConditionalGeneration"
    hub = "Qwen/Qwen2.5-VL-3B-Instruct"

    @classmethod
    def tiny(cls) -> Any:
        """56 px, four image tokens."""
        return transformers_class("Qwen2_5_VLConfig")(
            text_config=tiny.text(rope_parameters=_ROPE),
            vision_config={**_VISION, "fullatt_block_indexes": [1]},
            **_TOKENS,
        )


class Qwen3Vl(Qwen2Vl):
    """Features of several vision layers are added in the first language layers (deepstack)."""

    model_class = "Qwen3VLForConditionalGeneration"
    hub = "Qwen/Qwen3-VL-2B-Instruct"
    sizes: ClassVar = {"base": 224, "tiny": 64}

    def __init__(self, model: Any, tokenizer: Any, config: Any) -> None:
        """Each image token carries the features of the further layers."""
        super().__init__(model, tokenizer, config)
        layers = len(model.config.vision_config.deepstack_visual_indexes)
        self.extra_size = layers * self.hidden_size

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Append the deepstack features to each token."""
        return with_deepstack(grid_features(self.model, pixels))

    def more_inputs(self, tokens: Tokens, start: int) -> dict[str, Any]:
        """Hand the deepstack features of the image tokens on."""
        return deepstack_inputs(tokens, start, self.hidden_size)

    @classmethod
    def tiny(cls) -> Any:
        """64 px, four image tokens, one deepstack layer."""
        return transformers_class("Qwen3VLConfig")(
            text_config=tiny.text(rope_parameters=_ROPE, head_dim=8),
            vision_config={
                **_VISION,
                "deepstack_visual_indexes": [0],
                "num_position_embeddings": 16,
            },
            **_TOKENS,
        )
