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
from vla_gym_robovlms.backbones.base import Backbone, Tokenizer
from vla_gym_robovlms.backbones.huggingface import transformers_class
from vla_gym_robovlms.backbones.tokenizer import ByteTokenizer
from vla_gym_robovlms.config import BackboneConfig, FormulationError
from vla_gym_robovlms.perceiver import PerceiverResampler, feed_forward
from vla_gym_robovlms.sequence import Tokens


class GatedCrossAttention(nn.Module):
    """Text attends to image latents; gates begin at 0, where the language model is untouched."""

    def __init__(
        self, width: int, media_width: int, *, heads: int = 8, head_size: int = 64
    ) -> None:
        """Build attention and feed-forward, a gate each."""
        super().__init__()
        inner = heads * head_size
        self.heads, self.scale = heads, head_size**-0.5
        self.norm = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(media_width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)
        self.attention_gate = nn.Parameter(torch.zeros(1))
        self.feed = feed_forward(width)
        self.feed_gate = nn.Parameter(torch.zeros(1))

    def forward(self, hidden: Tensor, media: Tensor) -> Tensor:
        """Return ``(B, S, D)`` of hidden states ``(B, S, D)`` and latents ``(B, M, V)``."""
        queries = self.to_q(self.norm(hidden)) * self.scale
        keys, values = self.to_kv(media).chunk(2, -1)
        queries, keys, values = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (queries, keys, values)
        )
        seen = (queries @ keys.transpose(-1, -2)).softmax(-1) @ values
        hidden = hidden + self.to_out(seen.transpose(1, 2).flatten(-2)) * self.attention_gate.tanh()
        result: Tensor = hidden + self.feed(hidden) * self.feed_gate.tanh()
        return result


class WithMedia(nn.Module):
    """A layer of the language model with cross-attention in front of it."""

    def __init__(self, layer: nn.Module, cross: GatedCrossAttention) -> None:
        """Wrap the layer."""
        super().__init__()
        self.layer, self.cross = layer, cross
        self.media: Tensor | None = None

    def forward(self, hidden: Tensor, *arguments: Any, **options: Any) -> Any:
        """Attend to ``media``, which the backbone sets for the time of a call, then go on."""
        if self.media is not None:
            hidden = self.cross(hidden, self.media)
        return self.layer(hidden, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        """Be the layer in everything else that the language model asks it."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("layer"), name)


class Flamingo(Backbone):
    """What the three sizes share.

    Attributes:
        every: Cross-attention in front of every so many layers.
        language_class: Class in transformers.
        layout: Settings of the full language model.
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

    def __init__(self, vision: nn.Module, language: Any, tokenizer: Tokenizer, small: bool) -> None:
        """Put cross-attention into the language model."""
        super().__init__()
        self.vision: Any = vision
        self.language, self.tokenizer = language, tokenizer
        media = int(self.vision.config.hidden_size)
        sizes = {"heads": 2, "head_size": 8} if small else {"heads": 8, "head_size": 64}
        self.perceiver = PerceiverResampler(media, latents=8 if small else 64, media=1, **sizes)
        layers = self.layers
        for index in range(self.every - 1, len(layers), self.every):
            cross = GatedCrossAttention(self.hidden_size, media, **sizes)
            layers[index] = WithMedia(layers[index], cross)

    @classmethod
    def build(cls, config: BackboneConfig, *, seed: int) -> Backbone:
        """Return a miniature, or the full layout without weights (a checkpoint brings them)."""
        if config.size == "base" and config.weights != "random":
            raise FormulationError(
                "flamingo_weights",
                "OpenFlamingo's weights come in a format of their own, which is not read.",
                "set backbone.weights: random (and a checkpoint), or backbone.size: tiny",
            )
        small = config.size == "tiny"
        settings = cls.small if small else cls.layout
        vision = tiny.vision() if small else _CLIP_L14
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            tower = transformers_class("CLIPVisionModel")(
                transformers_class("CLIPVisionConfig")(**vision)
            )
            language_class = transformers_class(cls.language_class)
            language = language_class(language_class.config_class(**settings))
            return cls(tower, language, ByteTokenizer(settings["vocab_size"]), small).eval()

    @property
    def layers(self) -> nn.ModuleList:
        """Layers of the language model."""
        inner = getattr(self.language, "transformer", None)
        found: nn.ModuleList = inner.blocks if inner is not None else self.language.gpt_neox.layers
        return found

    @property
    def hidden_size(self) -> int:
        """Width of the language model."""
        return int(self.language.config.hidden_size)

    @property
    def image_size(self) -> int:
        """224 px."""
        return int(self.vision.config.image_size)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Look ids up."""
        embeds: Tensor = self.language.get_input_embeddings()(ids)
        return embeds

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Return 64 latents: patch tokens of CLIP, resampled."""
        latents: Tensor = self.perceiver(self.vision(pixels).last_hidden_state[:, 1:])
        return latents

    def transform(self, tokens: Tokens, cache: Any = None) -> Tensor:
        """Run the language model with the frame's latents beside it."""
        del cache
        crossed = [layer for layer in self.layers if isinstance(layer, WithMedia)]
        for layer in crossed:
            layer.media = tokens.media
        try:
            inner = self.language.base_model
            hidden: Tensor = inner(
                inputs_embeds=tokens.embeds, attention_mask=tokens.mask.long(), use_cache=False
            ).last_hidden_state
        finally:
            for layer in crossed:
                layer.media = None
        return hidden


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
