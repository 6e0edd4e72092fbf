"""What an object is: pieces, a place to take it by, and a place to put things in or on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vla_gym_sapien.interface import BodyModel, Surface
from vla_gym_sapien.poses import F64

from vla_gym_bdr import facts
from vla_gym_bdr.objects.solids import Piece, bounds


@dataclass(frozen=True)
class Grip:
    """Where to take an object, in its frame.

    Attributes:
        at: Where the tool goes; the pads' tips are up to 18 mm below it, the palm 55 mm above.
        width: Between the pads when it is held.
        any_turn: It may be taken from any side; otherwise the fingers close along its y axis.
    """

    at: tuple[float, float, float]
    width: float
    any_turn: bool = False


@dataclass(frozen=True)
class Rest:
    """Where other things may be put: a level rectangle in the object's frame.

    Attributes:
        height: Of the level.
        half: Half lengths along x and y.
    """

    height: float
    half: tuple[float, float]


@dataclass(frozen=True)
class ObjectModel:
    """An object; its frame is at the middle of its underside, z up.

    Attributes:
        name: As task files have it.
        pieces: What it is made of.
        grip: ``None`` when it is too large or too flat to be taken.
        rest: ``None`` when nothing can be put in or on it.
        mouth: Height of the opening that is poured from.
        density: kg/m^3.
    """

    name: str
    pieces: tuple[Piece, ...]
    grip: Grip | None = None
    rest: Rest | None = None
    mouth: float | None = None
    density: float = facts.DENSITY

    @property
    def words(self) -> str:
        """The name in an instruction."""
        return self.name.replace("_", " ")

    @cached_property
    def bounds(self) -> F64:
        """Lowest and highest corner ``(2, 3)``."""
        return bounds(self.pieces)

    @property
    def half(self) -> tuple[float, float]:
        """Half lengths of the footprint along x and y (about the origin)."""
        low, high = self.bounds
        return float(max(-low[0], high[0])), float(max(-low[1], high[1]))

    @property
    def height(self) -> float:
        """Height of the highest point."""
        return float(self.bounds[1][2])

    def body(self, name: str) -> BodyModel:
        """Return the rigid body."""
        return BodyModel(
            name,
            tuple(shape for piece in self.pieces for shape in piece.collisions),
            tuple(shape for piece in self.pieces for shape in piece.visuals),
            surface=Surface(facts.OBJECT_FRICTION),
            density=self.density,
            damping=facts.OBJECT_DAMPING,
        )


def round_grip(height: float, width: float) -> Grip:
    """Return a grip from any side."""
    return Grip((0.0, 0.0, height), width, any_turn=True)


def of(name: str, *pieces: Piece, **rest: object) -> ObjectModel:
    """Return an object from its pieces."""
    return ObjectModel(name, tuple(pieces), **rest)  # type: ignore[arg-type]


def by_name(models: Sequence[ObjectModel]) -> dict[str, ObjectModel]:
    """Return objects by name."""
    return {model.name: model for model in models}
