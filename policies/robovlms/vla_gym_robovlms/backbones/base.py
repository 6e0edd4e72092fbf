"""What a vision-language model must provide to become a VLA.

Six things: tokenise text, embed text, embed images, run the transformer on embeddings and a mask,
name its hidden size and its image size. A subclass of ``Backbone`` gives them directly; one of
``HuggingFaceBackbone`` gets most of them from transformers' own conventions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from vla_gym.errors import OptionError
from vla_gym_robovlms.backbones.words import ActionWords
from vla_gym_robovlms.config import BackboneConfig, FreezeConfig
from vla_gym_robovlms.sequence import Tokens

CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Of OpenAI's CLIP, RGB in [0, 1]."""
HALF = (0.5, 0.5, 0.5)
"""Mean and deviation of SigLIP: pixels in [-1, 1]."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_VISION = ("vision", "visual")
_WORDS = ("embed_tokens", "wte", "embed_in", "word_embeddings", "words")
"""How the parameters of towers and word tables are called in all models here."""


class Tokenizer(Protocol):
    """The part of a tokenizer that is used."""

    @property
    def bos_token_id(self) -> int | None:
        """Begins a text."""
        ...

    @property
    def eos_token_id(self) -> int | None:
        """Ends a text."""
        ...

    def encode(self, text: str) -> list[int]:
        """Return ids, special tokens included."""
        ...

    def __len__(self) -> int:
        """Return the size of the vocabulary."""
        ...


@dataclass(frozen=True)
class Prompt:
    """Text ids around what is spliced: ``head | images | body | action tokens | tail``."""

    head: tuple[int, ...]
    body: tuple[int, ...]
    tail: tuple[int, ...]

    def __len__(self) -> int:
        """Return the number of text tokens."""
        return len(self.head) + len(self.body) + len(self.tail)


class Backbone(nn.Module, ABC):
    """A vision-language model as the formulations see it.

    Attributes:
        formulations: Those that it can do.
        discrete: It can decode action tokens.
        own_words: For that it gets words of its own: it has no logits and no cache.
        template: Text around the instruction.
        mean: Of the pixels, RGB in [0, 1].
        std: Deviation of the pixels.
        image_at: Text tokens in front of the images.
        extra_size: Numbers that ``embed_images`` appends to each token beyond ``hidden_size``.
        uses_media: Images are attended to from outside of the sequence.
        always_trained: Parts of parameter names that freezing the backbone spares.
        packaged: Beginnings of the model's parameter names that a Python package always brings
            and that are never trained: checkpoints leave them out.
    """

    formulations: ClassVar[frozenset[str]] = frozenset({"one-step", "interleaved", "policy-head"})
    discrete: ClassVar[bool] = True
    own_words: ClassVar[bool] = False
    template: ClassVar[str] = "{instruction}"
    mean: ClassVar[Sequence[float]] = CLIP_MEAN
    std: ClassVar[Sequence[float]] = CLIP_STD
    image_at: ClassVar[int] = 1
    uses_media: ClassVar[bool] = False
    always_trained: ClassVar[tuple[str, ...]] = ()
    packaged: ClassVar[tuple[str, ...]] = ()
    extra_size: int = 0
    tokenizer: Tokenizer

    def __init__(self) -> None:
        """Begin without words of its own."""
        super().__init__()
        self.action_vocabulary: ActionWords | None = None

    @classmethod
    @abstractmethod
    def build(cls, config: BackboneConfig, *, seed: int) -> Backbone:
        """Return the model that a configuration names."""

    @property
    @abstractmethod
    def hidden_size(self) -> int:
        """Width of its embeddings."""

    @property
    @abstractmethod
    def image_size(self) -> int:
        """Pixels a side of its images."""

    @abstractmethod
    def embed_text(self, ids: Tensor) -> Tensor:
        """Return ``(B, L, D)`` of ids ``(B, L)``."""

    @abstractmethod
    def embed_images(self, pixels: Tensor) -> Tensor:
        """Return ``(B, N, D)`` of normalised pixels ``(B, 3, H, W)``."""

    @abstractmethod
    def transform(self, tokens: Tokens, cache: Any = None) -> Tensor:
        """Return the last hidden states ``(B, S, D)``; with a cache, of the new tokens only."""

    def learn_actions(self, count: int) -> None:
        """Make room for that many action tokens (0 is none); language models have room."""
        if self.own_words:
            like = self.reference
            vocabulary = ActionWords(count, self.hidden_size).to(like) if count else None
            self.action_vocabulary = vocabulary

    def embed_actions(self, ids: Tensor) -> Tensor:
        """Return ``(B, L, D)`` of the ids ``(B, L)`` of discrete actions."""
        if self.action_vocabulary is None:
            return self.embed_text(ids)
        return self.action_vocabulary.embed(ids)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return ``(..., vocabulary)``; only asked for where ``discrete``."""
        if self.action_vocabulary is None:
            raise NotImplementedError(f"{type(self).__name__} has no logits")
        return self.action_vocabulary.logits(hidden)

    def new_cache(self) -> Any:
        """Return an empty key-value cache, or ``None``: everything is read again."""
        if self.action_vocabulary is None:
            raise NotImplementedError(f"{type(self).__name__} has no cache")
        return None

    def image_delimiters(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return ids in front of and behind each image."""
        return (), ()

    @property
    def action_end(self) -> int:
        """Id that discrete actions count down from: the reference spares special tokens and 10."""
        if self.action_vocabulary is not None:
            return len(self.action_vocabulary) - 1
        special = len(getattr(self.tokenizer, "all_special_ids", ()))
        return len(self.tokenizer) - special - 10

    def prompt(self, instruction: str, config: BackboneConfig) -> Prompt:
        """Return the ids of an instruction in the template.

        Raises:
            OptionError: When it is longer than ``text_limit``; it is never cut.
        """
        text = (config.template or self.template).format(instruction=instruction)
        ids = self.tokenizer.encode(text)
        if len(ids) > config.text_limit:
            raise OptionError(
                f"Instruction of {len(ids)} tokens, backbone.text_limit is {config.text_limit}: "
                f"{instruction[:60]!r}. Shorten it or raise the limit; it is not cut."
            )
        ends = bool(ids) and ids[-1] == self.tokenizer.eos_token_id and len(ids) > self.image_at
        tail = 1 if ends else 0
        return Prompt(
            head=tuple(ids[: self.image_at]),
            body=tuple(ids[self.image_at : len(ids) - tail]),
            tail=tuple(ids[len(ids) - tail :]),
        )

    def normalize(self, images: Tensor) -> Tensor:
        """Return pixels ``(B, 3, H, W)`` of uint8 images ``(B, H, W, 3)``, in the model's type."""
        like = self.reference
        mean = torch.tensor(self.mean, device=like.device).view(3, 1, 1)
        std = torch.tensor(self.std, device=like.device).view(3, 1, 1)
        pixels = images.to(like.device).permute(0, 3, 1, 2).to(torch.float32) / 255.0
        return ((pixels - mean) / std).to(like.dtype).contiguous()

    def freeze(self, config: FreezeConfig) -> None:
        """Take parameters out of training."""
        for name, parameter in self.named_parameters():
            added = any(part in name for part in (*self.always_trained, "action_vocabulary"))
            vision = any(part in name for part in _VISION)
            words = any(part in name for part in _WORDS)
            frozen = (
                (config.backbone and not added)
                or (config.vision and vision)
                or (config.text_embedding and words)
            )
            brought = any(f"backbone.{name}".startswith(start) for start in self.packaged)
            parameter.requires_grad_(not frozen and not brought)

    @property
    def reference(self) -> Tensor:
        """A floating parameter, for device and type."""
        return next(p for p in self.parameters() if p.is_floating_point())
