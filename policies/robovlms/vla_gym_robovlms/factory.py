"""From options to a policy: what ``vla-gym eval --policy robovlms/...`` calls."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.policies.file import merged
from vla_gym_robovlms.config import CONFIGS, VlaConfig, load_config, parse_config

if TYPE_CHECKING:
    from vla_gym_robovlms.model import Vla
    from vla_gym_robovlms.policy import RoboVlmsPolicy


def make_policy(*, config: str | None = None, **options: Any) -> RoboVlmsPolicy:
    """Return a policy.

    Args:
        config: Name of a shipped configuration, or path of a file.
        **options: Fields of ``VlaConfig``, over those of the file.

    Raises:
        OptionError: A configuration that is none, weights that cannot be had.
    """
    chosen = resolve(config, options)
    from vla_gym_robovlms.policy import RoboVlmsPolicy

    return RoboVlmsPolicy(chosen, make_model(chosen))


# The options are the fields of a configuration, so that ``--set`` knows them.
make_policy.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
        for name in ("config", *VlaConfig.model_fields)
    ]
)


def resolve(config: str | None, options: Mapping[str, Any]) -> VlaConfig:
    """Return the checked configuration of a file with options over it."""
    data: dict[str, Any] = {}
    if config is not None:
        path = Path(config) if config.endswith((".yaml", ".yml")) else shipped(config)
        data = load_config(path)
    if config is None and "backbone" not in options:
        raise OptionError(
            "robovlms needs a configuration: --policy configs/robovlms/NAME.yaml, "
            "--policy robovlms/NAME, or --set config=NAME."
        )
    return parse_config(merged(data, options), where=config or "the options")


def shipped(name: str) -> Path:
    """Return the file of a configuration that comes with this package.

    Raises:
        UnknownNameError: With near matches.
    """
    path = CONFIGS / f"{name}.yaml"
    if not path.exists():
        raise UnknownNameError("config", name, [file.stem for file in CONFIGS.glob("*.yaml")])
    return path


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
