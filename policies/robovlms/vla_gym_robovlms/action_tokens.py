"""Continuous actions as words: 256 edges, 255 centres, ids at the end of the vocabulary.

An id is ``end - digitize(value)``; where ``end`` lies is the backbone's affair (``action_end``).
For KosMos-2 these ids are its location tokens, which training overwrites.
"""

from __future__ import annotations

import torch
from torch import Tensor


class ActionTokens:
    """Numbers in [low, high] to ids and back.

    Args:
        end: Id of values below ``low``; greater values have smaller ids.
        bins: Number of edges.
        low: First edge.
        high: Last edge.
    """

    def __init__(self, end: int, *, bins: int = 256, low: float = -1.0, high: float = 1.0) -> None:
        self.end, self.bins = end, bins
        self.edges = torch.linspace(low, high, bins, dtype=torch.float64)
        self.centres = (self.edges[:-1] + self.edges[1:]) / 2

    def encode(self, values: Tensor) -> Tensor:
        """Return int64 ids of numbers of any shape; those outside are clipped to the ends."""
        bounded = values.double().clamp(self.edges[0].item(), self.edges[-1].item())
        edges = self.edges.to(values.device)
        return self.end - torch.bucketize(bounded, edges, right=True)

    def decode(self, ids: Tensor) -> Tensor:
        """Return float32 centres; ids that are no action count as the nearest one."""
        place = (self.end - ids - 1).clamp(0, self.bins - 2)
        return self.centres.to(ids.device)[place].float()

    @property
    def first(self) -> int:
        """The smallest id of an action: values at or above the last edge."""
        return self.end - self.bins

    def constrain(self, logits: Tensor) -> Tensor:
        """Return logits with everything but action ids at minus infinity."""
        allowed = torch.zeros(logits.shape[-1], dtype=torch.bool, device=logits.device)
        allowed[self.first : self.end + 1] = True
        return logits.masked_fill(~allowed, float("-inf"))
