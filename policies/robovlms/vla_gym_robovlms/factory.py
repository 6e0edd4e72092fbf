"""From options to a policy: what ``vla-gym eval --policy robovlms/...`` calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vla_gym.errors import OptionError
from vla_gym_robovlms.config import VlaConfig
from vla_gym_robovlms.options import VlaOptions

if TYPE_CHECKING:
    from vla_gym_robovlms.model import Vla
    from vla_gym_robovlms.policy import RoboVlmsPolicy


def make_policy(options: VlaOptions) -> RoboVlmsPolicy:
    """Return a policy.

    Raises:
        OptionError: Weights that cannot be had.
        FormulationError: A combination that the paper does not define.
    """
    config = options.resolved()
    from vla_gym_robovlms.policy import RoboVlmsPolicy

    return RoboVlmsPolicy(config, make_model(config))


def make_model(config: VlaConfig) -> Vla:
    """Return the network on its device, with the weights that the configuration names."""
    import torch

    from vla_gym_robovlms.backbones import backbone_class, make_backbone
    from vla_gym_robovlms.lora import add_adapters
    from vla_gym_robovlms.model import Vla, check_backbone

    check_backbone(config, backbone_class(config.backbone.name))  # before gigabytes are read
    device = _device(config.device)
    backbone = make_backbone(config.backbone, seed=config.seed)
    if config.backbone.quantization is None:
        backbone = backbone.to(device, getattr(torch, config.dtype))
    model = Vla(config, backbone).to(device)
    if config.lora is not None:
        add_adapters(model, config.lora)
    if config.checkpoint is not None:
        from vla_gym_robovlms.checkpoints import load_checkpoint

        load_checkpoint(model, Path(config.checkpoint))
    return model.eval()


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise OptionError(f"device={name!r}: this machine has no CUDA device; use auto or cpu.")
    return name
