"""Words for discrete actions, for a backbone whose reader writes nothing.

A language model gives the last ids of its vocabulary to actions. A sentence encoder has no words to
say, so it gets as many as there are actions, with ids of their own from 0 on.
"""

from __future__ import annotations

from torch import Tensor, nn


class ActionWords(nn.Module):
    """An embedding to hear them, a linear layer to say them.

    Args:
        count: Words.
        width: Of the hidden states, D.
    """

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.hear = nn.Embedding(count, width)
        self.say = nn.Linear(width, count)

    def __len__(self) -> int:
        """Return how many words there are."""
        return self.hear.num_embeddings

    def embed(self, ids: Tensor) -> Tensor:
        """Return ``(B, L, D)`` of ids ``(B, L)``."""
        embeds: Tensor = self.hear(ids)
        return embeds

    def logits(self, hidden: Tensor) -> Tensor:
        """Return ``(..., words)`` of hidden states ``(..., D)``."""
        scores: Tensor = self.say(hidden)
        return scores
