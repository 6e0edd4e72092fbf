"""A vision-language model from scratch: patches, bytes, two causal layers."""

from typing import Any

import torch
from torch import Tensor, nn
from vla_gym_robovlms.backbones.base import Backbone
from vla_gym_robovlms.backbones.tokenizer import ByteTokenizer
from vla_gym_robovlms.config import BackboneConfig
from vla_gym_robovlms.sequence import Tokens, attention_mask


class TemplateVlm(Backbone):
    """The whole interface; it has no words to decode actions with."""

    discrete = False
    hidden_size, image_size = 64, 96

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        self.tokenizer = ByteTokenizer(300)
        self.words, self.places = nn.Embedding(300, 64), nn.Embedding(2048, 64)
        self.patches = nn.Conv2d(3, 64, 32, stride=32)
        layer = nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    @classmethod
    def build(cls, config: BackboneConfig, *, seed: int) -> Backbone:  # noqa: ARG003
        """Load weights here; this one is seeded."""
        torch.manual_seed(seed)
        return cls().eval()

    def embed_text(self, ids: Tensor) -> Tensor:
        """Return ``(B, L, 64)``."""
        embeds: Tensor = self.words(ids)
        return embeds

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Return nine tokens ``(B, 9, 64)``."""
        patches: Tensor = self.patches(pixels)
        return patches.flatten(2).transpose(1, 2)

    def transform(self, tokens: Tokens, cache: Any = None) -> Tensor:  # noqa: ARG002
        """Return hidden states ``(B, S, 64)``, causal, padding ignored."""
        causal = attention_mask(tokens, together=torch.full_like(tokens.kinds, -1))[:, 0]
        embeds = tokens.embeds + self.places(tokens.positions())
        hidden: Tensor = self.layers(embeds, mask=~causal.repeat_interleave(4, 0))
        return hidden
