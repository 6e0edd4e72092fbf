"""The sequence that a language model runs on: image, text and action tokens, spliced.

Everything a transformer may need beside the embeddings (what a token is, whether it is padding,
which frame it belongs to) travels with them, so that a backbone decides by itself about positions
and attention.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass

import torch
from torch import Tensor

TEXT, IMAGE, ACTION = 0, 1, 2
"""Kinds of tokens."""


@dataclass(frozen=True)
class Tokens:
    """Tokens of B rows, S each.

    Attributes:
        embeds: ``(B, S, D)``.
        kinds: int64 ``(B, S)``: ``TEXT``, ``IMAGE`` or ``ACTION``.
        mask: bool ``(B, S)``; false is padding.
        frames: int64 ``(B, S)``: index of the frame in the window.
        extra: ``(B, S, E)`` further features of image tokens, 0 elsewhere (deepstack), or ``None``.
        media: ``(B, M, V)`` image features that are attended to from outside of the sequence
            (cross-attention), or ``None``.
    """

    embeds: Tensor
    kinds: Tensor
    mask: Tensor
    frames: Tensor
    extra: Tensor | None = None
    media: Tensor | None = None

    def __len__(self) -> int:
        """Return S."""
        return int(self.embeds.shape[1])

    def positions(self) -> Tensor:
        """Return int64 ``(B, S)``: 0, 1, 2 ... over the tokens that are not padding."""
        return (self.mask.long().cumsum(1) - 1).clamp_min(0)


def part(embeds: Tensor, kind: int, *, mask: Tensor | None = None, extra_size: int = 0) -> Tokens:
    """Return tokens of one kind; image embeddings may carry ``extra_size`` further numbers."""
    rows, length, width = embeds.shape
    extra = None
    if extra_size:
        split = width - extra_size if kind == IMAGE else width
        extra = embeds.new_zeros(rows, length, extra_size)
        if kind == IMAGE:
            extra = embeds[..., split:]
        embeds = embeds[..., :split]
    shape, device = (rows, length), embeds.device
    return Tokens(
        embeds=embeds,
        kinds=torch.full(shape, kind, dtype=torch.long, device=device),
        mask=torch.ones(shape, dtype=torch.bool, device=device) if mask is None else mask,
        frames=torch.zeros(shape, dtype=torch.long, device=device),
        extra=extra,
    )


def join(parts: Many[Tokens]) -> Tokens:
    """Return parts one after the other (same rows); media are joined too."""
    media = [one.media for one in parts if one.media is not None]
    extra = [one.extra for one in parts if one.extra is not None]
    return Tokens(
        embeds=torch.cat([one.embeds for one in parts], 1),
        kinds=torch.cat([one.kinds for one in parts], 1),
        mask=torch.cat([one.mask for one in parts], 1),
        frames=torch.cat([one.frames for one in parts], 1),
        extra=torch.cat(extra, 1) if extra else None,
        media=torch.cat(media, 1) if media else None,
    )


def pad_right(tokens: Tokens) -> Tokens:
    """Return the same tokens with all padding of a row at its end.

    Some language models (MPT) measure distances by place, so a gap inside a row would count.
    """
    order = (~tokens.mask).long().argsort(dim=1, stable=True)

    def move(value: Tensor) -> Tensor:
        index = order if value.dim() == 2 else order[..., None].expand(-1, -1, value.shape[-1])
        return value.gather(1, index)

    extra = None if tokens.extra is None else move(tokens.extra)
    embeds, kinds, mask, frames = map(
        move, (tokens.embeds, tokens.kinds, tokens.mask, tokens.frames)
    )
    return Tokens(embeds, kinds, mask, frames, extra, tokens.media)


def unfold(tokens: Tokens, window: int) -> Tokens:
    """Turn frames ``(B * T, S)`` into one sequence a window, ``(B, T * S)``."""
    rows, length = tokens.mask.shape
    numbers = torch.arange(window, device=tokens.mask.device).repeat(rows // window)
    frames = numbers[:, None].expand(rows, length)

    def merge(value: Tensor) -> Tensor:
        return value.reshape(rows // window, window * value.shape[1], *value.shape[2:])

    return Tokens(
        embeds=merge(tokens.embeds),
        kinds=merge(tokens.kinds),
        mask=merge(tokens.mask),
        frames=frames.reshape(rows // window, window * length),
        extra=None if tokens.extra is None else merge(tokens.extra),
        media=None if tokens.media is None else merge(tokens.media),
    )


def attention_mask(tokens: Tokens, *, together: Tensor) -> Tensor:
    """Return bool ``(B, 1, S, S)``: causal, and both ways within a group.

    Args:
        tokens: The sequence.
        together: int64 ``(B, S)``: tokens of equal group numbers from 0 see each other; -1 is
            causal only.
    """
    length = len(tokens)
    causal = torch.ones(length, length, dtype=torch.bool, device=tokens.mask.device).tril()
    group = (together[:, :, None] == together[:, None, :]) & (together >= 0)[:, :, None]
    allowed = (causal | group) & tokens.mask[:, None, :]
    return allowed[:, None]
