"""Convolutions that a sentence modulates, and what is left of pictures: where things are.

FiLM (Perez et al. 2018) scales and shifts channels by the sentence; a spatial softmax (Levine et
al. 2016) turns each channel into the place where it is strongest. Both as in the trial of
training.md, which this follows in its sizes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

STEM = 32
"""Channels of the first layer."""
_MIDDLE, _LAST, _POOLED, _GRID = 48, 64, 16, 4
CAMERAS = 2


class Film(nn.Module):
    """Scales and shifts channels; begins as the identity."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2 * channels)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, maps: Tensor, sentence: Tensor) -> Tensor:
        """Return maps ``(B, C, H, W)`` in the light of a sentence ``(B, D)``."""
        scale, offset = self.linear(sentence)[..., None, None].chunk(2, 1)
        modulated: Tensor = maps * (1.0 + scale) + offset
        return modulated


class Eye(nn.Module):
    """One camera: maps of the first layer in, a vector of ``features`` numbers out."""

    features = 2 * _MIDDLE + 2 * _LAST + _POOLED * _GRID * _GRID

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(STEM, _MIDDLE, 3, padding=1)
        self.second = nn.Conv2d(_MIDDLE, _LAST, 3, stride=2, padding=1)
        self.third = nn.Conv2d(_LAST, _LAST, 3, padding=1)
        self.films = nn.ModuleList(Film(width, n) for n in (_MIDDLE, _LAST, _LAST))
        self.pool = nn.Conv2d(_LAST, _POOLED, 1)

    def forward(self, maps: Tensor, sentence: Tensor) -> Tensor:
        """Return ``(B, features)``."""
        near = torch.relu(self.films[0](self.first(maps), sentence))
        far = torch.relu(self.films[1](self.second(near), sentence))
        far = torch.relu(self.films[2](self.third(far), sentence))
        grid = nn.functional.adaptive_avg_pool2d(self.pool(far), _GRID).flatten(1)
        return torch.cat([places(near), places(far), grid], 1)


class FilmEyes(nn.Module):
    """All cameras, sentence and state, mixed into one vector.

    Args:
        width: Of sentence, state and result, D.
        side: Of the maps of the first layer.
    """

    def __init__(self, width: int, *, side: int) -> None:
        super().__init__()
        self.side = side
        self.eyes = nn.ModuleList(Eye(width) for _ in range(CAMERAS))
        self.mix = nn.Sequential(
            nn.Linear(CAMERAS * Eye.features + 2 * width, width),
            nn.LayerNorm(width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
        )

    def forward(self, media: Tensor, *, sentence: Tensor, state: Tensor) -> Tensor:
        """Return ``(B, D)``.

        Args:
            media: ``(B, cameras * side * side, 32)``; a camera that is not there counts as dark.
            sentence: ``(B, D)``.
            state: ``(B, D)``.
        """
        maps = media.transpose(1, 2).unflatten(2, (-1, self.side, self.side)).unbind(2)
        seen = [eye(one, sentence) for eye, one in zip(self.eyes, maps, strict=False)]
        seen += [media.new_zeros(len(media), Eye.features)] * (CAMERAS - len(seen))
        result: Tensor = self.mix(torch.cat([*seen, sentence, state], 1))
        return result


def places(maps: Tensor) -> Tensor:
    """Return where each channel is strongest, ``(B, 2 C)`` in [-1, 1] (spatial softmax)."""
    rows, columns = maps.shape[-2:]
    weights = maps.flatten(2).softmax(-1).view(maps.shape)
    across = torch.linspace(-1, 1, columns, device=maps.device, dtype=maps.dtype)
    down = torch.linspace(-1, 1, rows, device=maps.device, dtype=maps.dtype)
    x = (weights.sum(2) * across).sum(-1)
    y = (weights.sum(3) * down).sum(-1)
    return torch.cat([x, y], 1)


class SentenceMemory(nn.Module):
    """A frozen sentence encoder that reads every sentence once.

    Args:
        encoder: Ids ``(B, L)`` to ``(B, L, width)``.
    """

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder.requires_grad_(False)
        self._known: dict[tuple[int, ...], Tensor] = {}

    @torch.no_grad()
    def forward(self, ids: Tensor) -> Tensor:
        """Return the mean over a sentence's tokens, normed, at each of them: ``(B, L, width)``."""
        rows, length = ids.shape
        like = next(self.encoder.parameters())
        if not length or not rows:
            empty: Tensor = like.new_zeros(rows, length, self.encoder.width)
            return empty
        means: Tensor = torch.stack([self._mean(tuple(row)) for row in ids.tolist()]).to(like)
        return means[:, None].expand(-1, length, -1)

    def _mean(self, padded: tuple[int, ...]) -> Tensor:
        """Return one sentence's vector; alone in its batch, so that it depends on nothing else."""
        ids = _without_padding(padded)
        if ids not in self._known:
            like = next(self.encoder.parameters())
            mean = self.encoder(torch.tensor([ids], device=like.device))[0].mean(0)
            self._known[ids] = nn.functional.normalize(mean, dim=0)
        return self._known[ids]

    def train(self, mode: bool = True) -> SentenceMemory:
        """Stay in evaluation mode: it is frozen."""
        del mode
        super().train(False)
        return self


def _without_padding(ids: tuple[int, ...]) -> tuple[int, ...]:
    """Return ids without the zeros at their end."""
    end = len(ids)
    while end > 1 and ids[end - 1] == 0:
        end -= 1
    return ids[:end]
