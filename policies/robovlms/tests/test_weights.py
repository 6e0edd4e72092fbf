"""Weights from a folder in transformers' format, and folders that hold something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from samples_vla import FAMILIES, OURS, pictures, shared_backbone
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from vla_gym_robovlms.backbones import make_backbone
from vla_gym_robovlms.config import BackboneConfig

from vla_gym.errors import OptionError

HUB = [name for name in FAMILIES if not name.startswith((*OURS, "flamingo"))]
WORDS = ["<s>", "<pad>", "</s>", "open", "the", "drawer"]


def save(name: str, folder: Path) -> Any:
    """Write a miniature as its authors would publish it, and return it."""
    backbone = shared_backbone(name)
    backbone.model.save_pretrained(folder)
    words = Tokenizer(models.WordLevel(dict(zip(WORDS, range(6), strict=True)), unk_token="<pad>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="<s>", pad_token="<pad>", eos_token="</s>"
    ).save_pretrained(folder)
    return backbone


@pytest.mark.parametrize("name", HUB)
def test_a_folder_of_weights_gives_the_same_model(name: str, tmp_path: Path) -> None:
    saved = save(name, tmp_path)
    config = BackboneConfig(name=name, weights=str(tmp_path), image_size=saved.image_size)
    loaded = make_backbone(config)
    for key, value in saved.model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[key], value), key
    prompt = loaded.prompt("open the drawer", config)
    assert (*prompt.head, *prompt.body)[-3:] == (3, 4, 5)
    pixels = saved.normalize(pictures(saved.image_size, 1))
    with torch.no_grad():
        assert torch.equal(loaded.embed_images(pixels), saved.embed_images(pixels))


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    save("kosmos-2", tmp_path)
    with pytest.raises(OptionError, match=r"model type 'kosmos-2', backbone 'llava' is 'llava'"):
        make_backbone(BackboneConfig(name="llava", weights=str(tmp_path)))


def test_weights_with_gaps_are_refused(tmp_path: Path) -> None:
    save("kosmos-2", tmp_path)
    file = tmp_path / "model.safetensors"
    state = load_file(file)
    del state["image_to_text_projection.latent_query"]
    save_file(state, file, metadata={"format": "pt"})
    with pytest.raises(
        OptionError, match=r"lack 1 tensors \(image_to_text_projection.latent_query"
    ):
        make_backbone(BackboneConfig(name="kosmos-2", weights=str(tmp_path)))
