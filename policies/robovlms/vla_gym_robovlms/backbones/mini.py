"""``mini``: a backbone so small that a CPU trains it; its eyes are its own, MiniLM reads.

For demonstrations of a whole training on a laptop, and for ``robovlms-tiny``. The sentence encoder
stays frozen and comes inside a Python package, so that a checkpoint holds some 6 MB.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vla_gym_robovlms.backbones.base import HALF, Backbone, Tokenizer
from vla_gym_robovlms.backbones.film import STEM, FilmEyes, SentenceMemory
from vla_gym_robovlms.backbones.packaged import SentenceEncoder, minilm, tiny_text
from vla_gym_robovlms.config import BackboneConfig
from vla_gym_robovlms.sequence import ACTION, Tokens

WIDTH = 384
_SIZES = {"tiny": 56, "base": 112}
"""Pixels a side."""


class Mini(Backbone):
    """Convolutions that the sentence modulates; each camera has its own."""

    discrete, uses_media = False, True
    formulations = frozenset({"one-step", "policy-head"})
    image_at, mean, std = 0, HALF, HALF
    hidden_size, image_size = WIDTH, 112
    packaged = ("backbone.sentences.",)

    def __init__(self, text: SentenceEncoder, tokenizer: Tokenizer, size: int) -> None:
        """Build the eyes; the sentence encoder is not trained."""
        super().__init__()
        self.sentences, self.tokenizer = SentenceMemory(text), tokenizer
        self.image_size = size
        self.stem = nn.Conv2d(3, STEM, 8, stride=4)
        self.project = nn.Linear(text.width, WIDTH)
        self.eyes = FilmEyes(WIDTH, side=(size - 8) // 4 + 1)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Return the meaning of the whole sentence, at every token."""
        embeds: Tensor = self.project(self.sentences(ids))
        return embeds

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Return one token of 32 numbers every 4 pixels."""
        return torch.relu(self.stem(pixels)).flatten(2).transpose(1, 2)

    def transform(self, tokens: Tokens, cache: Any = None) -> Tensor:
        """Return what was seen in the light of the sentence, at the action tokens."""
        del cache
        assert tokens.media is not None
        seen: Tensor = self.eyes(tokens.media, sentence=tokens.embeds[:, 0], state=_state(tokens))
        return torch.where((tokens.kinds == ACTION)[..., None], seen[:, None], tokens.embeds)

    @classmethod
    def build(cls, config: BackboneConfig, *, seed: int) -> Backbone:
        """Return it with fresh eyes; ``tiny`` has a random reader, always the same one."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            read = tiny_text() if config.size == "tiny" else minilm()
            torch.manual_seed(seed)
            return cls(*read, config.image_size or _SIZES[config.size]).eval()


def _state(tokens: Tokens) -> Tensor:
    """Return the last token in front of the actions: the state, or the sentence without one."""
    first = (tokens.kinds == ACTION).long().argmax(1)
    rows = torch.arange(len(first), device=first.device)
    return tokens.embeds[rows, (first - 1).clamp_min(0)]
