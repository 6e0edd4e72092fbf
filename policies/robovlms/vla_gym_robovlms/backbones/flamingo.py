"""OpenFlamingo 3B, 4B and 9B: a frozen language model with gated cross-attention to the images.

transformers has no such model, so it is built here: CLIP ViT-L/14, a perceiver with 64 latents, and
tanh-gated cross-attention in front of every first, second or fourth layer. The 3B and 9B sit on
MPT, the 4B on GPT-NeoX (RedPajama-INCITE), although it is often said to be MPT too.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.base import Backbone
from vla_gym_robovlms.backbones.huggingface import transformers_class
from vla_gym_robovlms.backbones.tokenizer import ByteTokenizer
from vla_gym_robovlms.config import BackboneConfig, FormulationError
from vla_gym_robovlms.cross_attention import add_cross_attention, looking_at
from vla_gym_robovlms.perceiver import PerceiverResampler
from vla_gym_robovlms.sequence import Tokens


class Flamingo(Backbone):
    """What the three sizes share.

    Attributes:
        every: Cross-attention in front of every so many layers.
        language_class: Class in transformers.
        layout: Settings of the full language model.
        small: Settings of the miniature's.
    """

    formulations = frozenset({"one-step", "policy-head"})
    discrete = False
    uses_media = True
    always_trained = ("cross.", "perceiver.")
    template = "<image>{instruction}<|endofchunk|>"
    every: ClassVar[int]
    language_class: ClassVar[str]
    layout: ClassVar[dict[str, Any]]
    small: ClassVar[dict[str, Any]]
    hidden_size = image_size = 0

    def __init__(self, vision: Any, language: Any, sizes: dict[str, int], latents: int) -> None:
        """Put cross-attention into the language model."""
        super().__init__()
        self.vision, self.language = vision, language
        self.tokenizer = ByteTokenizer(language.config.vocab_size)
        self.hidden_size, media = language.config.hidden_size, vision.config.hidden_size
        self.image_size = vision.config.image_size
        self.perceiver = PerceiverResampler(media, latents=latents, media=1, **sizes)
        add_cross_attention(self.layers, self.hidden_size, media, every=self.every, **sizes)

    @classmethod
    def build(cls, config: BackboneConfig, *, seed: int) -> Backbone:
        """Return a miniature, or the full layout without weights (a checkpoint brings them)."""
        return build_flamingo(cls, config, seed)

    @property
    def layers(self) -> nn.ModuleList:
        """Layers of the language model, MPT's or GPT-NeoX's."""
        inner = self.language.base_model
        found: nn.ModuleList = inner.blocks if hasattr(inner, "blocks") else inner.layers
        return found

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
        inputs = {"inputs_embeds": tokens.embeds, "attention_mask": tokens.mask.long()}
        with looking_at(self.layers, tokens.media):
            hidden: Tensor = self.language.base_model(**inputs, use_cache=False)[0]
        return hidden


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
        language = _random(kind.language_class, kind.small if small else kind.layout)
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


class Flamingo3b(Flamingo):
    """MPT-1B (RedPajama, Dolly), every layer."""

    every, language_class, small = 1, "MptForCausalLM", _TINY_MPT
    layout: ClassVar = {"d_model": 2048, "n_heads": 16, "n_layers": 24, "vocab_size": 50432}


class Flamingo4b(Flamingo):
    """RedPajama-INCITE 3B (GPT-NeoX), every second layer."""

    every, language_class, small = 2, "GPTNeoXForCausalLM", _TINY_NEOX
    layout: ClassVar = {
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "vocab_size": 50432,
        "rotary_pct": 1.0,
        "use_parallel_residual": False,
    }


class Flamingo9b(Flamingo):
    """MPT-7B, every fourth layer."""

    every, language_class, small = 4, "MptForCausalLM", _TINY_MPT
    layout: ClassVar = {"d_model": 4096, "n_heads": 32, "n_layers": 32, "vocab_size": 50432}
