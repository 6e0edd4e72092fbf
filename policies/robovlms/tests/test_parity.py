"""Our spliced path gives the numbers of transformers' own forward, for every backbone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from samples_vla import FAMILIES, OURS, pictures, shared_backbone
from vla_gym_robovlms.backbones.patches import cut_patches
from vla_gym_robovlms.backbones.tiny import IMAGE_TOKEN
from vla_gym_robovlms.sequence import ACTION, IMAGE, TEXT, join, part

NATIVE = [name for name in FAMILIES if not name.startswith((*OURS, "flamingo", "florence"))]
WORDS = [0, *range(20, 29)]
"""Text ids of the comparison; the first stands in front of the image."""


def spliced(backbone: Any, pixels: torch.Tensor) -> Any:
    """Return our tokens: first text token, delimiters, image, text."""
    before, behind = backbone.image_delimiters()

    def text(*ids: int) -> Any:
        embeds = backbone.embed_text(torch.tensor([list(ids)]))
        return part(embeds, TEXT, extra_size=backbone.extra_size)

    at = backbone.image_at
    parts = [text(*WORDS[:at], *before)] if at or before else []
    seen = backbone.embed_images(pixels)
    image = part(seen, IMAGE, extra_size=backbone.extra_size)
    return join([*parts, image, text(*behind, *WORDS[at:])])


def native_inputs(backbone: Any, name: str, pixels: torch.Tensor, count: int) -> dict[str, Any]:
    """Return what transformers' own forward wants for the same sequence."""
    before, behind = backbone.image_delimiters()
    at = backbone.image_at
    ids = [*WORDS[:at], *before, *[IMAGE_TOKEN] * count, *behind, *WORDS[at:]]
    row = torch.tensor([ids])
    image = (row == IMAGE_TOKEN).long()
    inputs: dict[str, Any] = {
        "input_ids": row,
        "attention_mask": torch.ones_like(row),
        "pixel_values": pixels,
    }
    if name == "kosmos-2":
        inputs["image_embeds_position_mask"] = image
    if name.startswith("qwen"):
        vision = backbone.model.config.vision_config
        side = pixels.shape[-1] // vision.patch_size
        inputs["pixel_values"] = cut_patches(pixels, vision)
        inputs["image_grid_thw"] = torch.tensor([[1, side, side]])
        inputs["mm_token_type_ids"] = image
    if name.startswith("smolvlm"):
        inputs["pixel_values"] = pixels[:, None]
    if name.startswith(("paligemma", "gemma")) and backbone.native_attention:
        inputs["token_type_ids"] = image if name.startswith("gemma") else torch.zeros_like(row)
    return inputs


@pytest.mark.parametrize("name", NATIVE)
def test_the_spliced_path_equals_transformers_own_forward(name: str) -> None:
    backbone = shared_backbone(name, "native")
    pixels = backbone.normalize(pictures(backbone.image_size, 1))
    with torch.no_grad():
        tokens = spliced(backbone, pixels)
        ours = backbone.logits(backbone.transform(tokens))
        count = int((tokens.kinds == IMAGE).sum())
        theirs = backbone.model(**native_inputs(backbone, name, pixels, count)).logits
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
    assert theirs.std() > 1e-3


def test_florence_decodes_action_tokens_as_transformers_does() -> None:
    backbone = shared_backbone("florence-2")
    pixels = backbone.normalize(pictures(backbone.image_size, 1))
    with torch.no_grad():
        seen = spliced(backbone, pixels)
        begin = torch.tensor([[7]])
        learned = backbone.embed_text(begin)
        ours = backbone.transform(join([seen, part(learned, ACTION)]))[:, -1:]
        count = int((seen.kinds == IMAGE).sum())
        ids = torch.tensor([[IMAGE_TOKEN] * count + WORDS])
        theirs = backbone.model.model(
            input_ids=ids,
            pixel_values=pixels,
            attention_mask=torch.ones_like(ids),
            decoder_input_ids=begin,
        ).last_hidden_state
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", NATIVE)
def test_decoding_with_a_cache_equals_the_whole_sequence_at_once(name: str) -> None:
    backbone = shared_backbone(name)
    pixels = backbone.normalize(pictures(backbone.image_size, 1))
    with torch.no_grad():
        tokens = spliced(backbone, pixels)
        more = part(
            backbone.embed_text(torch.tensor([[30]])), ACTION, extra_size=backbone.extra_size
        )
        cache = backbone.new_cache()
        first = backbone.transform(tokens, cache)
        second = backbone.transform(join([tokens, more]), cache)
        whole = backbone.transform(join([tokens, more]))
    torch.testing.assert_close(torch.cat([first, second], 1), whole, atol=1e-5, rtol=0)
