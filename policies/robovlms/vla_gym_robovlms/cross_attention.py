"""Gated cross-attention (Alayrac et al. 2022, "Flamingo"): a language model looks at images.

The language model stays what it is: in front of some of its layers, text attends to image latents
through gates that begin at 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from vla_gym_robovlms.perceiver import attend, feed_forward
from vla_gym_robovlms.sequence import Tokens


class GatedCrossAttention(nn.Module):
    """Text attends to image latents; gates begin at 0, where the language model is untouched."""

    def __init__(self, width: int, media_width: int, *, heads: int, head_size: int) -> None:
        """Build attention and feed-forward, a gate each."""
        super().__init__()
        inner = heads * head_size
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(media_width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)
        self.attention_gate = nn.Parameter(torch.zeros(1))
        self.feed = feed_forward(width)
        self.feed_gate = nn.Parameter(torch.zeros(1))

    def forward(self, hidden: Tensor, media: Tensor) -> Tensor:
        """Return ``(B, S, D)`` of hidden states ``(B, S, D)`` and latents ``(B, M, V)``."""
        keys, values = self.to_kv(media).chunk(2, -1)
        seen = attend(self.to_q(self.norm(hidden)), keys, values, heads=self.heads)
        hidden = hidden + self.to_out(seen) * self.attention_gate.tanh()
        result: Tensor = hidden + self.feed(hidden) * self.feed_gate.tanh()
        return result


class WithMedia(nn.Module):
    """A layer of the language model with cross-attention in front of it."""

    def __init__(self, layer: nn.Module, cross: GatedCrossAttention) -> None:
        """Wrap the layer."""
        super().__init__()
        self.layer, self.cross = layer, cross
        self.media: Tensor | None = None

    def forward(self, hidden: Tensor, *arguments: Any, **options: Any) -> Any:
        """Attend to ``media``, which ``looking_at`` sets for the time of a call, then go on."""
        if self.media is not None:
            hidden = self.cross(hidden, self.media)
        return self.layer(hidden, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        """Be the layer in everything else that the language model asks it."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("layer"), name)


def language_layers(language: Any) -> nn.ModuleList:
    """Return the layers of a language model, MPT's or GPT-NeoX's."""
    inner = language.base_model
    found: nn.ModuleList = inner.blocks if hasattr(inner, "blocks") else inner.layers
    return found


def add_cross_attention(
    language: Any, media_width: int, *, every: int, heads: int, head_size: int
) -> None:
    """Put cross-attention in front of every so many layers of a language model, in place."""
    layers, width = language_layers(language), int(language.config.hidden_size)
    for index in range(every - 1, len(layers), every):
        cross = GatedCrossAttention(width, media_width, heads=heads, head_size=head_size)
        layers[index] = WithMedia(layers[index], cross)


def read_with_media(language: Any, tokens: Tokens) -> Tensor:
    """Return the last hidden states of a language model that looks at the tokens' media."""
    with looking_at(language_layers(language), tokens.media):
        hidden: Tensor = language.base_model(
            inputs_embeds=tokens.embeds, attention_mask=tokens.mask.long(), use_cache=False
        ).last_hidden_state
    return hidden


@contextmanager
def looking_at(layers: nn.ModuleList, media: Tensor | None) -> Iterator[None]:
    """Let the layers see ``media`` while the block runs."""
    crossed = [layer for layer in layers if isinstance(layer, WithMedia)]
    for layer in crossed:
        layer.media = media
    try:
        yield
    finally:
        for layer in crossed:
            layer.media = None
