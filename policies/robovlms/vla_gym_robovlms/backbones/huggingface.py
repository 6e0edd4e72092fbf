"""Backbones that transformers has: most of what a VLA needs follows from its conventions.

A subclass names the class, the default weights and a tiny configuration, and overrides what its
model does differently. ``transformers`` is imported when one is built.
"""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from vla_gym.errors import MissingDependencyError, OptionError
from vla_gym_robovlms.backbones.base import Backbone, Tokenizer
from vla_gym_robovlms.backbones.tokenizer import ByteTokenizer
from vla_gym_robovlms.config import BackboneConfig
from vla_gym_robovlms.sequence import IMAGE, Tokens, attention_mask

TINY_VOCABULARY = 600
"""Ids of tiny models: 259 for bytes, 256 for discrete actions, some to spare."""


def transformers_class(name: str) -> Any:
    """Return a class of transformers by name."""
    return getattr(importlib.import_module("transformers"), name)


class HuggingFaceBackbone(Backbone):
    """A transformers model with ``get_image_features`` and a language model inside.

    Attributes:
        model_class: Name of the class in transformers.
        hub: Default weights.
        position_base: First position that the language model expects.
        explicit_mask: Its language model attends both ways unless it is given a full mask.
        sizes: Pixels a side by ``backbone.size``, of a model that takes any; ``image_size`` of the
            configuration goes before it.
    """

    model_class: ClassVar[str]
    hub: ClassVar[str]
    position_base: ClassVar[int] = 0
    explicit_mask: ClassVar[bool] = False
    sizes: ClassVar[Mapping[str, int]] = {}

    def __init__(self, model: nn.Module, tokenizer: Tokenizer, config: BackboneConfig) -> None:
        """Wrap a transformers model."""
        super().__init__()
        self.model: Any = model
        self.tokenizer = tokenizer
        self.native_attention = config.attention == "native"
        self._chosen_size = config.image_size or self.sizes.get(config.size)

    @classmethod
    @abstractmethod
    def tiny(cls) -> Any:
        """Return the configuration of the random miniature."""

    @classmethod
    def build(cls, config: BackboneConfig, *, seed: int) -> Backbone:
        """Return the miniature, or the real model with weights or without."""
        model_class = transformers_class(cls.model_class)
        if config.size == "base" and config.weights != "random":
            return cls(*cls._load(model_class, config), config)
        inner = cls.tiny() if config.size == "tiny" else cls.base()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = model_class(inner)
        return cls(model.eval(), ByteTokenizer(cls.vocabulary(model)), config)

    @classmethod
    def base(cls) -> Any:
        """Return the full architecture; transformers' defaults unless a subclass knows better."""
        return transformers_class(cls.model_class).config_class()

    @classmethod
    def vocabulary(cls, model: Any) -> int:
        """Return the number of ids."""
        return int(model.config.get_text_config().vocab_size)

    @classmethod
    def _load(cls, model_class: Any, config: BackboneConfig) -> tuple[Any, Tokenizer]:
        weights = config.weights or cls.hub
        options: dict[str, Any] = {"trust_remote_code": config.trust_remote_code}
        try:
            _check_type(weights, config, model_class.config_class.model_type)
            tokenizer = transformers_class("AutoTokenizer").from_pretrained(weights, **options)
            model, report = model_class.from_pretrained(
                weights, output_loading_info=True, **options, **_quantization(config)
            )
        except OptionError:
            raise
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise OptionError(_explain(weights, config, error)) from error
        _check_whole(weights, config, report["missing_keys"])
        return model.eval(), tokenizer

    @property
    def language(self) -> Any:
        """The language model: takes ``inputs_embeds``, gives hidden states."""
        return self.model.model.language_model

    @property
    def hidden_size(self) -> int:
        """Width of the language model."""
        return int(self.model.config.get_text_config().hidden_size)

    @property
    def image_size(self) -> int:
        """As the vision tower was configured, or chosen where it takes any."""
        if self.sizes:
            return int(self._chosen_size or 0)
        own = self.model.config.vision_config.image_size
        return int(own[0] if isinstance(own, Sequence) else own)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Look ids up, scaled as the language model wants its embeddings."""
        embeds: Tensor = self.language.get_input_embeddings()(ids)
        return embeds

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Run vision tower and projector."""
        features = self.model.get_image_features(pixel_values=pixels).pooler_output
        if isinstance(features, (tuple, list)):
            features = torch.stack(list(features))
        embeds: Tensor = features.reshape(len(pixels), -1, features.shape[-1])
        return embeds

    def transform(self, tokens: Tokens, cache: Any = None) -> Tensor:
        """Run the language model on what the cache does not hold yet."""
        start = cache.get_seq_length() if cache is not None else 0
        hidden: Tensor = self.language(
            inputs_embeds=tokens.embeds[:, start:],
            attention_mask=self._mask(tokens, start),
            position_ids=self.position_ids(tokens)[..., start:],
            past_key_values=cache,
            use_cache=cache is not None,
            **self.more_inputs(tokens, start),
        ).last_hidden_state
        return hidden

    def position_ids(self, tokens: Tokens) -> Tensor:
        """Return positions ``(B, S)`` (or ``(3, B, S)``)."""
        return tokens.positions() + self.position_base

    def more_inputs(self, tokens: Tokens, start: int) -> dict[str, Any]:
        """Return further arguments of the language model."""
        del tokens, start
        return {}

    def groups(self, tokens: Tokens) -> Tensor | None:
        """Return int64 ``(B, S)`` groups that see each other in native attention, or ``None``."""
        del tokens
        return None

    def _mask(self, tokens: Tokens, start: int) -> Any:
        groups = self.groups(tokens) if self.native_attention else None
        if groups is None and not self.explicit_mask:
            return tokens.mask.long()
        if groups is None:
            groups = torch.full_like(tokens.kinds, -1)
        allowed = attention_mask(tokens, together=groups)[:, :, start:]
        least = torch.finfo(tokens.embeds.dtype).min
        full = torch.zeros(allowed.shape, dtype=tokens.embeds.dtype, device=allowed.device)
        full = full.masked_fill(~allowed, least)
        window = getattr(self.language.config, "sliding_window", None)
        return full if window is None else self._sliding(full, window, start)

    def _sliding(self, full: Tensor, window: int, start: int) -> dict[str, Tensor]:
        rows = torch.arange(start, full.shape[-1], device=full.device)[:, None]
        columns = torch.arange(full.shape[-1], device=full.device)[None]
        least = torch.finfo(full.dtype).min
        sliding = full.masked_fill(rows - columns >= window, least)
        return {"full_attention": full, "sliding_attention": sliding}

    def logits(self, hidden: Tensor) -> Tensor:
        """Apply the language model's output layer."""
        scores: Tensor = self.model.lm_head(hidden)
        return scores

    def new_cache(self) -> Any:
        """Return transformers' growing cache."""
        return transformers_class("DynamicCache")(config=self.model.config.get_text_config())


def image_groups(tokens: Tokens) -> Tensor:
    """Return one group for each run of image tokens, -1 elsewhere."""
    image = tokens.kinds == IMAGE
    before = torch.nn.functional.pad(image[:, :-1], (1, 0))
    runs = (image & ~before).long().cumsum(1)
    return torch.where(image, runs, -1)


def _quantization(config: BackboneConfig) -> dict[str, Any]:
    if config.quantization is None:
        return {}
    if not torch.cuda.is_available():
        raise OptionError(
            f"backbone.quantization={config.quantization!r} needs a CUDA device; "
            "this machine has none. Leave it out, or use dtype: bfloat16."
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingDependencyError("Quantised weights need: pip install bitsandbytes")
    chosen = transformers_class("BitsAndBytesConfig")
    return {"quantization_config": chosen(**{f"load_in_{config.quantization}": True})}


def _check_type(weights: str, config: BackboneConfig, wanted: str) -> None:
    """Refuse weights of another kind of model before anything of them is read."""
    settings = transformers_class("PreTrainedConfig").get_config_dict(weights)[0]
    found = settings.get("model_type")
    if found is None:
        raise OSError("there is no config.json with a model_type.")
    if found != wanted:
        raise OptionError(
            f"Weights {weights!r} are of model type {found!r}, backbone {config.name!r} is "
            f"{wanted!r}. Fix: give backbone.weights of that type, or another backbone.name."
        )


def _check_whole(weights: str, config: BackboneConfig, missing: Iterable[str]) -> None:
    """Refuse weights with gaps: transformers leaves those random and goes on."""
    if names := sorted(missing):
        raise OptionError(
            f"Weights {weights!r} of backbone {config.name!r} lack {len(names)} tensors "
            f"({names[0]} ...). Fix: download them again."
        )


def _explain(weights: str, config: BackboneConfig, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    place = "the folder does not hold them" if Path(weights).is_dir() else "no such local folder"
    return (
        f"Weights {weights!r} of backbone {config.name!r} cannot be loaded ({place}): {reason} "
        "Fix: give backbone.weights=FOLDER with downloaded weights, or connect to the hub; "
        "backbone.size=tiny runs a random miniature."
    )
