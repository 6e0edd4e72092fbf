"""Vision-language backbones, one small class each; made by registered name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vla_gym_robovlms.backbones.base import Backbone
    from vla_gym_robovlms.config import BackboneConfig


def backbone_class(name: str) -> type[Backbone]:
    """Return the class that is registered under a name; nothing is built yet.

    Raises:
        UnknownNameError: With near matches, when there is none.
    """
    from vla_gym.registry import registry
    from vla_gym_robovlms.entries import BackboneEntry

    found: type[Backbone] = registry().load(BackboneEntry, name)
    return found


def make_backbone(config: BackboneConfig, *, seed: int = 0) -> Backbone:
    """Return the backbone that a configuration names.

    Raises:
        UnknownNameError: With near matches, when none of that name is registered.
        OptionError: When its weights cannot be had.
        FormulationError: When it does not see images of the size that is asked for.
    """
    from vla_gym_robovlms.config import FormulationError

    made = backbone_class(config.name).build(config, seed=seed)
    if config.image_size not in (None, made.image_size):
        raise FormulationError(
            "image_size",
            f"Backbone {config.name!r} sees {made.image_size} px, not {config.image_size}.",
            "leave backbone.image_size out",
        )
    return made
