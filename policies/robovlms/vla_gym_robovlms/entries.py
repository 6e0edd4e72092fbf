"""The kind of entry that this package adds to those of vla_gym: a vision-language backbone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vla_gym.plugins import Entry


@dataclass(frozen=True)
class BackboneEntry(Entry):
    """A vision-language backbone: ``target`` is a class ``backbones.base.Backbone``."""

    kind: ClassVar[str] = "backbones"
    word: ClassVar[str] = "backbone"
