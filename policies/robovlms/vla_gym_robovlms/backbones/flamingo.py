"""OpenFlamingo 3B, 4B and 9B: a frozen language model with gated cross-attention to the images.

transformers has no such model, so it is built here: CLIP ViT-L/14, a perceiver with 64 latents, and
tanh-gated cross-attention in front of every first, second or fourth layer. The 3B and 9B sit on
MPT, the 4B on GPT-NeoX (RedPajama-INCITE), although it is often said to be MPT too.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.base import Backbone
from vla_gym_robovlms.backbones.huggingface import transformers_class
from vla_gym_robovlms.backbones.tokenizer import ByteTokenizer
from vla_gym_robovlms.config import BackboneConfig, FormulationError
from vla_gym_robovlms.cross_attention import add_cross_attention, read_with_media
from vla_gym_robovlms.perceiver import PerceiverResampler
from vla_gym_robovlms.sequence import Tokens


class Layout(NamedTuple):
    """A size of Flamingo.

    Attributes:
        language: Class of the language model in transformers.
        every: Cross-attention in front of every so many layers.
        full: Settings of the language model.
        small: Settings of the miniature's.
    """

    language: str
    every: int
    full: dict[str, Any]
    small: dict[str, Any]


class Flamingo(Backbone):
    """What the three sizes share; each names its ``layout``."""

    formulations = frozenset({"one-step", "policy-head"})
    discrete = False
    uses_media = True
    always_trained = ("cross.", "perceiver.")
    template = "<image>{instruction}<|endofchunk|>"
    layout: ClassVar[Layout]
    hidden_size = image_size = 0

    def __init__(self, vision: Any, language: Any, sizes: dict[str, int], latents: int) -> None:
        """Put cross-attention into the language model."""
        super().__init__()
        self.vision, self.language = vision, language
        self.tokenizer = ByteTokenizer(language.config.vocab_size)
        self.hidden_size, self.image_size = language.config.hidden_size, vision.config.image_size
        media = vision.config.hidden_size
        self.perceiver = PerceiverResampler(media, latents=latents, media=1, **sizes)
        add_cross_attention(language, media, every=self.layout.every, **sizes)

    @classmethod
    def build(cls, config: BackboneConfig, *, seed: int) -> Backbone:
        """Return a miniature, or the full layout without weights (a checkpoint brings them)."""
        return build_flamingo(cls, config, seed)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Look ids up."""
        embeds: Tensor = self.language.get_input_embeddings()(ids)
        return embeds

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Return 64 latents: patch tokens of CLIP, resampled."""
        latents: Tensor = self.perceiver(self.vision(pixels).last_hidden_state[:, 1:])
        return latents

    def transform(self, tokens: Tokens, cache: Any = None) -> Tensor:
        """Run the language model with the frame's latents beside it; without a cache."""
        del cache
        return read_with_media(self.language, tokens)


def build_flamingo(kind: type[Flamingo], config: BackboneConfig, seed: int) -> Flamingo:
    """Return a model of random weights in the small or the full layout.

    Raises:
        FormulationError: When weights are asked for.
    """
    if config.size == "base" and config.weights != "random":
        raise FormulationError(
            "flamingo_weights",
            "OpenFlamingo's weights come in a format of their own, which is not read.",
            "set backbone.weights: random (and a checkpoint), or backbone.size: tiny",
        )
    small = config.size == "tiny"
    sizes = {"heads": 2, "head_size": 8} if small else {"heads": 8, "head_size": 64}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vision = _random("CLIPVisionModel", tiny.vision() if small else _CLIP_L14)
        language = _random(kind.layout.language, kind.layout.small if small else kind.layout.full)
        return kind(vision, language, sizes, 8 if small else 64).eval()


def _random(name: str, settings: dict[str, Any]) -> Any:
    model = transformers_class(name)
    return model(model.config_class(**settings))


_CLIP_L14 = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 224,
    "patch_size": 14,
}
_TINY_MPT = {"d_model": 32, "n_heads": 4, "n_layers": 4, "expansion_ratio": 2, "vocab_size": 600}
_TINY_NEOX = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "vocab_size": 600,
}


_MPT_1B = {"d_model": 2048, "n_heads": 16, "n_layers": 24, "vocab_size": 50432}
_MPT_7B = {"d_model": 4096, "n_heads": 32, "n_layers": 32, "vocab_size": 50432}
_NEOX_3B = {
    "hidden_size": 2560,
    "intermediate_size": 10240,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "vocab_size": 50432,
    "rotary_pct": 1.0,
    "use_parallel_residual": False,
}


class Flamingo3b(Flamingo):
    """MPT-1B (RedPajama, Dolly), every layer."""

    layout = Layout("MptForCausalLM", 1, _MPT_1B, _TINY_MPT)


class Flamingo4b(Flamingo):
    """RedPajama-INCITE 3B (GPT-NeoX), every second layer."""

    layout = Layout("GPTNeoXForCausalLM", 2, _NEOX_3B, _TINY_NEOX)


class Flamingo9b(Flamingo):
    """MPT-7B, every fourth layer."""

    layout = Layout("MptForCausalLM", 4, _MPT_7B, _TINY_MPT)
