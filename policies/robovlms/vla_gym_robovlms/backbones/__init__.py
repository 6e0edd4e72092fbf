"""Vision-language backbones, one small class each; made by registered name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vla_gym_robovlms.backbones.base import Backbone
    from vla_gym_robovlms.config import BackboneConfig


def make_backbone(config: BackboneConfig, *, seed: int = 0) -> Backbone:
    """Return the backbone that a configuration names.

    Raises:
        UnknownNameError: With near matches, when none of that name is registered.
        OptionError: When its weights cannot be had.
        FormulationError: When it does not see images of the size that is asked for.
    """
    from vla_gym.registry import registry
    from vla_gym_robovlms.config import FormulationError

    backbone: Any = registry().load("backbones", config.name)
    made: Backbone = backbone.build(config, seed=seed)
    if config.image_size not in (None, made.image_size):
        raise FormulationError(
            "image_size",
            f"Backbone {config.name!r} sees {made.image_size} px, not {config.image_size}.",
            "leave backbone.image_size out",
        )
    return made
