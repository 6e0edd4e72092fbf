"""What a set of assets offers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from vla_gym_sapien.interface import BodyModel
from vla_gym_sapien.poses import Pose

from vla_gym_simpler.facts.robot import RobotFacts


class AssetSet(Protocol):
    """Official or built-in files behind the same names."""

    @property
    def kind(self) -> str:
        """``"official"`` or ``"builtin"``."""
        ...

    def robot(self, facts: RobotFacts, version: str) -> Path:
        """Return a robot's description."""
        ...

    def station(self, name: str) -> Path:
        """Return a cabinet's description."""
        ...

    def body(self, name: str, density: float | None = None, *, matte: bool = False) -> BodyModel:
        """Return an object."""
        ...

    def arena(self, name: str, background: str) -> Sequence[tuple[BodyModel, Pose]]:
        """Return table, floor and room."""
        ...

    def photo(self, name: str) -> Path | None:
        """Return an overlay photograph; ``None`` when this set has none."""
        ...

    def stand_ins(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return which of these (objects and arenas) are stood in for."""
        ...
