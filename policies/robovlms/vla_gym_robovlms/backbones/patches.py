"""Images as Qwen's vision towers take them: patches of any grid, positions in three axes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vla_gym.errors import OptionError
from vla_gym_robovlms.sequence import IMAGE, Tokens


def merged_side(size: int, vision: Any) -> int:
    """Return how many tokens stand on each side of a square image of ``size`` pixels.

    Args:
        size: Pixels a side.
        vision: Configuration of the tower: ``patch_size`` and ``spatial_merge_size``.

    Raises:
        OptionError: When tokens do not fill the image.
    """
    step = vision.patch_size * vision.spatial_merge_size
    if size % step:
        near = max(1, round(size / step)) * step
        raise OptionError(
            f"backbone.image_size={size}: this model's image tokens are {step} px wide, so it must "
            f"be a multiple of {step}; use {near}."
        )
    return int(size // step)


def grid_features(model: Any, pixels: Tensor) -> Any:
    """Return what ``get_image_features`` finds in square pixels ``(B, 3, H, H)``."""
    side = pixels.shape[-1] // model.config.vision_config.patch_size
    return model.get_image_features(
        pixel_values=cut_patches(pixels, model.config.vision_config),
        image_grid_thw=torch.tensor([[1, side, side]] * len(pixels), device=pixels.device),
    )


def cut_patches(pixels: Tensor, vision: Any) -> Tensor:
    """Return ``(B * patches, 3 * times * patch * patch)`` of pixels ``(B, 3, H, H)``.

    An image is repeated over the frames of time of a patch; patches that are merged into one token
    stand together.
    """
    patch, merge, times = vision.patch_size, vision.spatial_merge_size, vision.temporal_patch_size
    side = merged_side(pixels.shape[-1], vision)
    cut = pixels[:, None].expand(-1, times, -1, -1, -1)
    cut = cut.reshape(len(pixels), times, 3, side, merge, patch, side, merge, patch)
    return cut.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(-1, 3 * times * patch * patch)


def grid_positions(tokens: Tokens, side: int) -> Tensor:
    """Return ``(3, B, S)``: time, row and column; text counts on all three alike.

    Args:
        tokens: The sequence; each run of image tokens holds whole images.
        side: Tokens on each side of an image.
    """
    rows = zip(tokens.kinds, tokens.mask, strict=True)
    return torch.stack([_row_positions(kinds, mask, side) for kinds, mask in rows], 1)


def _row_positions(kinds: Tensor, mask: Tensor, side: int) -> Tensor:
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


def with_deepstack(features: Any) -> Tensor:
    """Return image tokens ``(B, N, D + E)``: behind each the features of further vision layers."""
    main = torch.stack(list(features.pooler_output))
    deep = [torch.cat(list(one)).reshape(main.shape) for one in features.deepstack_features]
    return torch.cat([main, *deep], -1)


def deepstack_inputs(tokens: Tokens, start: int, width: int) -> dict[str, Any]:
    """Return the further features of the image tokens from ``start`` on, as Qwen3-VL takes them."""
    image = (tokens.kinds == IMAGE)[:, start:]
    if tokens.extra is None or not image.any():
        return {}
    deep = tokens.extra[:, start:][image].split(width, -1)
    return {"visual_pos_masks": image, "deepstack_visual_embeds": list(deep)}
