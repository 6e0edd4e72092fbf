"""Low-rank adapters through peft, in the backbone only: the head is small and trained whole."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from vla_gym.errors import MissingDependencyError

if TYPE_CHECKING:
    from vla_gym_robovlms.config import LoraConfig
    from vla_gym_robovlms.model import Vla


def add_adapters(model: Vla, config: LoraConfig) -> None:
    """Insert adapters into the backbone's linear layers and freeze its own weights.

    Raises:
        MissingDependencyError: When peft is absent.
    """
    if importlib.util.find_spec("peft") is None:
        raise MissingDependencyError("LoRA needs peft: pip install 'vla-gym-robovlms[lora]'")
    from peft import LoraConfig as PeftConfig
    from peft import inject_adapter_in_model

    targets = config.targets if isinstance(config.targets, str) else list(config.targets)
    settings = PeftConfig(
        r=config.rank, lora_alpha=config.alpha, lora_dropout=config.dropout, target_modules=targets
    )
    inject_adapter_in_model(settings, model.backbone)
