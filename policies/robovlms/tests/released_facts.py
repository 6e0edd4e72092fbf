"""The keys and shapes of a released file, written down from the published sources.

Names of the backbone: KosMos-2 of transformers 4.37 (``modeling_kosmos2.py``), which the files were
trained with. Names of the head and of the action token: ``base_policy.py`` and ``base_backbone.py``
of RoboVLMs. Nothing here is read from our model, so that a test can compare the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

Shape = tuple[int, ...]
FILE_BYTES = 6_823_040_929
"""Size of kosmos_ph_calvin_abc.pt on the hub: float32, tied weights stored once."""


class Sizes(NamedTuple):
    """Of KosMos-2 and of the LSTM head; by default as released (history 16, both cameras)."""

    width: int = 2048
    layers: int = 24
    feed: int = 8192
    words: int = 65037
    vision: int = 1024
    vision_layers: int = 24
    vision_feed: int = 4096
    patches: int = 256
    patch: int = 14
    queries: int = 64
    hidden: int = 1024
    chunk: int = 10


TINY = Sizes(32, 2, 64, 600, 32, 2, 64, 4, 14, 8, 32, 4)
"""Of our miniature."""


def linear(name: str, inputs: int, outputs: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def norm(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def attention(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    for projection in ("k_proj", "v_proj", "q_proj", "out_proj"):
        yield from linear(f"{name}.{projection}", width, width)


def text_layer(name: str, size: Sizes) -> Iterator[tuple[str, Shape]]:
    yield from attention(f"{name}.self_attn", size.width)
    yield from norm(f"{name}.self_attn.inner_attn_ln", size.width)
    yield from norm(f"{name}.self_attn_layer_norm", size.width)
    yield from linear(f"{name}.ffn.fc1", size.width, size.feed)
    yield from linear(f"{name}.ffn.fc2", size.feed, size.width)
    yield from norm(f"{name}.ffn.ffn_layernorm", size.feed)
    yield from norm(f"{name}.final_layer_norm", size.width)


def vision_layer(name: str, size: Sizes) -> Iterator[tuple[str, Shape]]:
    yield from attention(f"{name}.self_attn", size.vision)
    yield from norm(f"{name}.layer_norm1", size.vision)
    yield from linear(f"{name}.mlp.fc1", size.vision, size.vision_feed)
    yield from linear(f"{name}.mlp.fc2", size.vision_feed, size.vision)
    yield from norm(f"{name}.layer_norm2", size.vision)


def backbone(size: Sizes) -> Iterator[tuple[str, Shape]]:
    yield "text_model.model.embed_tokens.weight", (size.words, size.width)
    for index in range(size.layers):
        yield from text_layer(f"text_model.model.layers.{index}", size)
    yield from norm("text_model.model.layer_norm", size.width)
    yield "text_model.lm_head.weight", (size.words, size.width)
    vision = "vision_model.model"
    yield f"{vision}.embeddings.class_embedding", (size.vision,)
    yield (
        f"{vision}.embeddings.patch_embedding.weight",
        (size.vision, 3, size.patch, size.patch),
    )
    yield f"{vision}.embeddings.position_embedding.weight", (size.patches + 1, size.vision)
    yield from norm(f"{vision}.pre_layrnorm", size.vision)
    for index in range(size.vision_layers):
        yield from vision_layer(f"{vision}.encoder.layers.{index}", size)
    yield from norm(f"{vision}.post_layernorm", size.vision)
    projection = "image_to_text_projection"
    yield from linear(f"{projection}.dense", size.vision, size.width)
    yield f"{projection}.latent_query", (size.queries, size.width)
    yield from attention(f"{projection}.x_attn", size.width)


def head(size: Sizes) -> Iterator[tuple[str, Shape]]:
    for layer in range(4):
        inputs = size.width if layer == 0 else size.hidden
        yield f"rnn.weight_ih_l{layer}", (4 * size.hidden, inputs)
        yield f"rnn.weight_hh_l{layer}", (4 * size.hidden, size.hidden)
        yield f"rnn.bias_ih_l{layer}", (4 * size.hidden,)
        yield f"rnn.bias_hh_l{layer}", (4 * size.hidden,)
    for name, numbers in (("actions", 6), ("gripper", 1)):
        hidden = size.hidden
        widths = [hidden, hidden, hidden // 2, hidden // 4, size.chunk * numbers]
        for index in range(4):
            yield from linear(f"{name}.mlp.{2 * index}", widths[index], widths[index + 1])


def released_shapes(size: Sizes) -> dict[str, Shape]:
    """Return the keys under ``state_dict`` with their shapes."""
    return {
        **{f"model.backbone.{key}": shape for key, shape in backbone(size)},
        **{f"model.act_head.{key}": shape for key, shape in head(size)},
        "model.action_token": (size.width,),
    }


def synthetic_state(size: Sizes = TINY, *, prefix: str = "") -> dict[str, torch.Tensor]:
    """Return random weights under the names of a released file."""
    generator = torch.Generator().manual_seed(5)
    state = {
        f"{prefix}{key}": 0.1 * torch.randn(shape, generator=generator)
        for key, shape in released_shapes(size).items()
    }
    words = f"{prefix}model.backbone.text_model.model.embed_tokens.weight"
    state[f"{prefix}model.backbone.text_model.lm_head.weight"] = state[words]
    positions = f"{prefix}model.backbone.vision_model.model.embeddings.position_ids"
    state[positions] = torch.arange(size.patches + 1)[None]
    return state
