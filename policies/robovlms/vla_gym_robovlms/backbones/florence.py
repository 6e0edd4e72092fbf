"""Florence-2: an encoder for image and text, and a decoder that reads it."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.base import IMAGENET_MEAN, IMAGENET_STD
from vla_gym_robovlms.backbones.huggingface import HuggingFaceBackbone, transformers_class
from vla_gym_robovlms.sequence import ACTION, Tokens


class Florence2(HuggingFaceBackbone):
    """Action tokens are the decoder's input; everything else is the encoder's."""

    model_class = "Florence2ForConditionalGeneration"
    hub = "florence-community/Florence-2-base"
    formulations = frozenset({"one-step", "policy-head"})
    discrete = False
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    image_at = 0
    sizes: ClassVar = {"base": 768, "tiny": 64}  # 768 as it was trained

    def transform(self, tokens: Tokens, cache: Any = None) -> Tensor:
        """Encode, then decode the action tokens; all rows have equally many, near the end."""
        del cache
        place = tokens.kinds == ACTION
        rows, width = len(place), tokens.embeds.shape[-1]
        mask = (tokens.mask & ~place).long()
        seen: Tensor = self.language.encoder(
            inputs_embeds=tokens.embeds, attention_mask=mask
        ).last_hidden_state
        if not place.any():
            return seen
        decoded = self.language.decoder(
            inputs_embeds=tokens.embeds[place].view(rows, -1, width),
            encoder_hidden_states=seen,
            encoder_attention_mask=mask,
            use_cache=False,
        ).last_hidden_state
        return torch.masked_scatter(seen, place[..., None], decoded)

    @classmethod
    def tiny(cls) -> Any:
        """64 px, five image tokens."""
        return transformers_class("Florence2Config")(
            text_config={
                "model_type": "bart",
                "vocab_size": 600,
                "d_model": 32,
                "encoder_layers": 2,
                "decoder_layers": 2,
                "encoder_attention_heads": 4,
                "decoder_attention_heads": 4,
                "encoder_ffn_dim": 64,
                "decoder_ffn_dim": 64,
                "max_position_embeddings": 1024,
            },
            vision_config={
                "embed_dim": [16, 16, 32, 32],
                "num_heads": [2, 2, 4, 4],
                "num_groups": [2, 2, 4, 4],
                "depths": [1, 1, 1, 1],
                "projection_dim": 32,
                "window_size": 2,
            },
            image_token_id=tiny.IMAGE_TOKEN,
        )
