"""The perceiver resampler (Alayrac et al. 2022, "Flamingo"): many image tokens to few latents.

Keys are image tokens and latents together; queries are the latents. Numerically the same as
``flamingo-pytorch`` and the reference's resampler, which a test shows with copied weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def attend(queries: Tensor, keys: Tensor, values: Tensor, *, heads: int) -> Tensor:
    """Return scaled dot-product attention ``(B, Q, I)``, ``I`` numbers split over the heads."""
    queries, keys, values = (
        part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (queries, keys, values)
    )
    queries = queries * queries.shape[-1] ** -0.5
    weights = (queries @ keys.transpose(-1, -2)).softmax(-1)
    return (weights @ values).transpose(1, 2).flatten(-2)


class PerceiverAttention(nn.Module):
    """Latents look at images and at themselves; no biases, pre-normed."""

    def __init__(self, width: int, *, heads: int, head_size: int) -> None:
        """Build the projections."""
        super().__init__()
        inner = heads * head_size
        self.heads = heads
        self.norm_media, self.norm_latents = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, media: Tensor, latents: Tensor) -> Tensor:
        """Return ``(B, L, D)`` of media ``(B, N, D)`` and latents ``(B, L, D)``."""
        media, latents = self.norm_media(media), self.norm_latents(latents)
        keys, values = self.to_kv(torch.cat([media, latents], 1)).chunk(2, -1)
        result: Tensor = self.to_out(attend(self.to_q(latents), keys, values, heads=self.heads))
        return result


def feed_forward(width: int, times: int = 4) -> nn.Sequential:
    """Return LayerNorm, widen, GELU, narrow, without biases."""
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, times * width, bias=False),
        nn.GELU(),
        nn.Linear(times * width, width, bias=False),
    )


class PerceiverResampler(nn.Module):
    """``latents`` tokens for any number of image tokens.

    Args:
        width: D.
        latents: L.
        depth: Layers of attention and feed-forward.
        heads: Of the attention.
        head_size: Width of each.
        media: Learn a position of each image in time, for up to so many (0: none).
    """

    def __init__(
        self,
        width: int,
        *,
        latents: int = 64,
        depth: int = 6,
        heads: int = 8,
        head_size: int = 64,
        media: int = 0,
    ) -> None:
        """Build it; latents begin as standard normal numbers."""
        super().__init__()
        self.latents = nn.Parameter(torch.randn(latents, width))
        self.media_positions = nn.Parameter(torch.randn(media, 1, width)) if media else None
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [PerceiverAttention(width, heads=heads, head_size=head_size), feed_forward(width)]
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, media: Tensor) -> Tensor:
        """Return ``(B, L, D)`` of image tokens ``(B, N, D)``."""
        if self.media_positions is not None:
            media = media + self.media_positions[0]
        latents = self.latents.to(media.dtype).expand(len(media), -1, -1)
        for pair in self.layers:
            assert isinstance(pair, nn.ModuleList)
            latents = latents + pair[0](media, latents)
            latents = latents + pair[1](latents)
        result: Tensor = self.norm(latents)
        return result
