"""Qwen2-VL, Qwen2.5-VL and Qwen3-VL: patches of any grid, positions in three axes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.huggingface import HuggingFaceBackbone, transformers_class
from vla_gym_robovlms.sequence import IMAGE, Tokens

_ROPE = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0}


class Qwen2Vl(HuggingFaceBackbone):
    """Images become patches that carry two frames of time; four patches merge into one token."""

    model_class = "Qwen2VLForConditionalGeneration"
    hub = "Qwen/Qwen2-VL-2B-Instruct"
    image_at = 0
    default_image_size = 224

    @property
    def image_size(self) -> int:
        """The model takes any; 224 px are 64 tokens (Qwen2-VL), 28 px are one."""
        return self._image_size

    def __init__(self, model: Any, tokenizer: Any, config: Any) -> None:
        """Choose the image size: of the configuration, or 224 (56 for a miniature)."""
        super().__init__(model, tokenizer, config)
        tiny_size = 4 * model.config.vision_config.patch_size
        default = self.default_image_size if config.size == "base" else tiny_size
        self._image_size = config.image_size or default

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Cut patches, run the vision tower and the merger."""
        features = self.model.get_image_features(
            pixel_values=self._patches(pixels), image_grid_thw=self._grids(pixels)
        )
        return torch.stack(list(features.pooler_output))

    def _grids(self, pixels: Tensor) -> Tensor:
        side = pixels.shape[-1] // self.model.config.vision_config.patch_size
        return torch.tensor([[1, side, side]] * len(pixels), device=pixels.device)

    def _patches(self, pixels: Tensor) -> Tensor:
        vision = self.model.config.vision_config
        patch, merge, times = (
            vision.patch_size,
            vision.spatial_merge_size,
            vision.temporal_patch_size,
        )
        side = pixels.shape[-1] // patch // merge
        cut = pixels[:, None].expand(-1, times, -1, -1, -1)
        cut = cut.reshape(len(pixels), times, 3, side, merge, patch, side, merge, patch)
        return cut.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(-1, 3 * times * patch * patch)

    def position_ids(self, tokens: Tokens) -> Tensor:
        """Return ``(3, B, S)``: time, row and column; text counts on all three alike."""
        rows = [
            self._row(kinds, mask) for kinds, mask in zip(tokens.kinds, tokens.mask, strict=True)
        ]
        return torch.stack(rows, 1)

    def _row(self, kinds: Tensor, mask: Tensor) -> Tensor:
        vision = self.model.config.vision_config
        side = self.image_size // vision.patch_size // vision.spatial_merge_size
        grid = torch.arange(side * side, device=kinds.device)
        place = torch.stack([grid * 0, grid // side, grid % side])
        parts, at, index = [], 0, 0
        while index < len(kinds):
            if kinds[index] == IMAGE:
                parts.append(place + at)
                at, index = at + side, index + side * side
            else:
                parts.append(torch.full((3, 1), at, device=kinds.device))
                at, index = at + int(mask[index]), index + 1
        return torch.cat(parts, 1)

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


_TOKENS = {
    "image_token_id": tiny.IMAGE_TOKEN,
    "video_token_id": 596,
    "vision_start_token_id": 597,
    "vision_end_token_id": 598,
}


class Qwen25Vl(Qwen2Vl):
    """The vision tower attends in windows."""

    model_class = "Qwen2_5_VLForConditionalGeneration"
    hub = "Qwen/Qwen2.5-VL-3B-Instruct"

    @classmethod
    def tiny(cls) -> Any:
        """56 px, four image tokens."""
        return transformers_class("Qwen2_5_VLConfig")(
            text_config=tiny.text(rope_parameters=_ROPE),
            vision_config={
                "depth": 2,
                "hidden_size": 32,
                "intermediate_size": 64,
                "num_heads": 4,
                "out_hidden_size": 32,
                "fullatt_block_indexes": [1],
            },
            **_TOKENS,
        )


class Qwen3Vl(Qwen2Vl):
    """Features of several vision layers are added in the first language layers (deepstack)."""

    model_class = "Qwen3VLForConditionalGeneration"
    hub = "Qwen/Qwen3-VL-2B-Instruct"

    def __init__(self, model: Any, tokenizer: Any, config: Any) -> None:
        """Each image token carries the features of the further layers."""
        super().__init__(model, tokenizer, config)
        layers = len(model.config.vision_config.deepstack_visual_indexes)
        self.extra_size = layers * self.hidden_size

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Append the deepstack features to each token."""
        features = self.model.get_image_features(
            pixel_values=self._patches(pixels), image_grid_thw=self._grids(pixels)
        )
        main = torch.stack(list(features.pooler_output))
        deep = [torch.cat(list(one)).reshape(main.shape) for one in features.deepstack_features]
        return torch.cat([main, *deep], -1)

    def more_inputs(self, tokens: Tokens, start: int) -> dict[str, Any]:
        """Hand the deepstack features of the image tokens on."""
        image = (tokens.kinds == IMAGE)[:, start:]
        if tokens.extra is None or not image.any():
            return {}
        deep = tokens.extra[:, start:][image].split(self.hidden_size, -1)
        return {"visual_pos_masks": image, "deepstack_visual_embeds": list(deep)}

    @classmethod
    def tiny(cls) -> Any:
        """64 px, four image tokens, one deepstack layer."""
        return transformers_class("Qwen3VLConfig")(
            text_config=tiny.text(rope_parameters=_ROPE, head_dim=8),
            vision_config={
                "depth": 2,
                "hidden_size": 32,
                "intermediate_size": 64,
                "num_heads": 4,
                "out_hidden_size": 32,
                "deepstack_visual_indexes": [0],
                "num_position_embeddings": 16,
            },
            **_TOKENS,
        )
