"""KosMos-2: the paper's best backbone. 64 image tokens, a 1.3 B language model of width 2048."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import normalize

from vla_gym_robovlms.backbones.huggingface import (
    TINY_VOCABULARY,
    HuggingFaceBackbone,
    transformers_class,
)


class Kosmos2(HuggingFaceBackbone):
    """Its text model is called directly: the top-level forward refuses embeddings alone."""

    model_class = "Kosmos2ForConditionalGeneration"
    hub = "microsoft/kosmos-2-patch14-224"
    template = "<grounding>An image of a robot {instruction}"
    position_base = 2  # the sinusoids begin behind the padding index 1

    @property
    def language(self) -> Any:
        """The transformer without its output layer."""
        return self.model.text_model.model

    @property
    def hidden_size(self) -> int:
        """2048."""
        return int(self.model.config.text_config.embed_dim)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Look ids up; the model scales by sqrt(width) itself."""
        embeds: Tensor = self.language.embed_tokens(ids)
        return embeds

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Vision tower, its last norm, unit length, resampled to the latent queries."""
        hidden = self.model.vision_model(pixel_values=pixels).last_hidden_state
        features = self.model.vision_model.model.post_layernorm(hidden)
        projected: Tensor = self.model.image_to_text_projection(normalize(features, dim=-1))[0]
        return projected

    def logits(self, hidden: Tensor) -> Tensor:
        """Apply the output layer of the text model."""
        scores: Tensor = self.model.text_model.lm_head(hidden)
        return scores

    @classmethod
    def tiny(cls) -> Any:
        """Two layers of width 32, 28 px, 8 image tokens."""
        text = {"embed_dim": 32, "layers": 2, "ffn_dim": 64, "attention_heads": 4}
        vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
        return transformers_class("Kosmos2Config")(
            text_config={**text, "vocab_size": TINY_VOCABULARY, "max_position_embeddings": 4096},
            vision_config={**vision, "num_attention_heads": 4, "image_size": 28, "patch_size": 14},
            latent_query_num=8,
        )
