"""Changing pictures and states in training so that a policy does not rely on their last digit."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from vla_gym.training.config import AugmentConfig
from vla_gym.training.trainable import Samples

_GREY = (0.299, 0.587, 0.114)
"""Luma of RGB (ITU-R BT.601)."""


def augment(
    samples: Samples, config: AugmentConfig, generator: torch.Generator, *, deviation: Tensor
) -> Samples:
    """Return samples changed at random; every window in one way, cameras independently.

    Args:
        samples: On the CPU.
        config: How much.
        generator: What it is drawn from.
        deviation: Of the states in the data, ``(n,)``; the unit of ``state_noise``.
    """
    images = {role: _picture(value, config, generator) for role, value in samples.images.items()}
    state = samples.proprioception
    if config.state_noise:
        noise = torch.randn(state.shape, generator=generator)
        state = state + config.state_noise * deviation * noise
    return replace(samples, images=images, proprioception=state)


def _picture(images: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    if config.shift:
        images = shift(images, config.shift, generator)
    if not (config.brightness or config.contrast or config.saturation):
        return images
    return _color(images, config, generator)


def shift(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Return uint8 ``(B, T, H, W, 3)`` moved by up to ``most`` pixels, edges repeated."""
    rows, _frames, height, width, _ = images.shape
    by = torch.randint(-most, most + 1, (rows, 2), generator=generator)
    down = (torch.arange(height)[None] + by[:, :1]).clamp(0, height - 1)
    right = (torch.arange(width)[None] + by[:, 1:]).clamp(0, width - 1)
    row = torch.arange(rows)[:, None, None]
    moved: Tensor = images.transpose(1, 3).transpose(1, 2)[row, down[:, :, None], right[:, None]]
    return moved.permute(0, 3, 1, 2, 4).contiguous()


def _color(images: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    def factor(amount: float) -> Tensor:
        drawn = torch.rand(len(images), generator=generator)
        return (1.0 + amount * (2.0 * drawn - 1.0)).view(-1, 1, 1, 1, 1)

    wide = images.float() * factor(config.brightness)
    if config.contrast:
        mean = wide.mean((1, 2, 3, 4), keepdim=True)
        wide = mean + (wide - mean) * factor(config.contrast)
    if config.saturation:
        grey = (wide * torch.tensor(_GREY)).sum(-1, keepdim=True)
        wide = grey + (wide - grey) * factor(config.saturation)
    return wide.round().clamp(0, 255).to(torch.uint8)
