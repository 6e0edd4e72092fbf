"""What a policy has loaded, in a digest: other weights under the same name are another policy."""

from __future__ import annotations

import hashlib

import torch
from torch import nn

from vla_gym.options import identity_options
from vla_gym.suites.spec import digest
from vla_gym_robovlms.config import VlaConfig

_ELSEWHERE = ("summary", "checkpoint", "lora")
"""Fields that say where weights are, or nothing; the weights themselves are looked at."""


def fingerprint(config: VlaConfig, model: nn.Module) -> str:
    """Return 16 hex digits of the configuration and all weights (adapters included)."""
    fields = identity_options(VlaConfig, config.model_dump(mode="json", exclude=set(_ELSEWHERE)))
    found = hashlib.sha256(digest(fields).encode())
    for name, tensor in sorted(model.state_dict().items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().contiguous().cpu().view(-1)
        found.update(flat.view(torch.uint8).numpy().data)
    return found.hexdigest()[:16]
