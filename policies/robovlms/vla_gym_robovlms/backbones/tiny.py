"""Parts of the random miniatures that tests run: two layers, width 32, 28 px, patches of 14."""

from __future__ import annotations

from typing import Any

from vla_gym_robovlms.backbones.huggingface import TINY_VOCABULARY

IMAGE_TOKEN = 595
"""Placeholder of image tokens in transformers' own forward; above the discrete actions."""


def text(**more: Any) -> dict[str, Any]:
    """Return the settings of a language model."""
    return {
        "vocab_size": TINY_VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 4096,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
        **more,
    }


def vision(**more: Any) -> dict[str, Any]:
    """Return the settings of a vision tower."""
    return {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 28,
        "patch_size": 14,
        **more,
    }
