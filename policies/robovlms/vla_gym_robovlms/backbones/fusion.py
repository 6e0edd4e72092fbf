"""A causal transformer from torch's own layers, for backbones that bring none."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_gym.errors import OptionError
from vla_gym_robovlms.sequence import Tokens, attention_mask


class CausalTransformer(nn.Module):
    """Learned positions, pre-normed layers, no dropout; padding is left out.

    Args:
        width: D.
        layers: How many.
        heads: Of the attention.
        positions: Longest sequence.
    """

    def __init__(self, width: int, *, layers: int, heads: int, positions: int = 2048) -> None:
        super().__init__()
        self.heads = heads
        self.positions = nn.Embedding(positions, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, tokens: Tokens) -> Tensor:
        """Return hidden states ``(B, S, D)``.

        Raises:
            OptionError: A sequence that is longer than there are positions.
        """
        longest = self.positions.num_embeddings
        if len(tokens) > longest:
            raise OptionError(
                f"Sequence of {len(tokens)} tokens, this backbone has {longest} positions: use "
                "less history, one camera, or a resampler."
            )
        alone = torch.full_like(tokens.kinds, -1)
        forbidden = ~attention_mask(tokens, together=alone)[:, 0]
        embeds = tokens.embeds + self.positions(tokens.positions())
        hidden: Tensor = self.layers(embeds, mask=forbidden.repeat_interleave(self.heads, 0))
        return hidden
