"""Objects: half sizes of bounding boxes (m), densities (kg/m^3), and what is wrong with a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ObjectFacts:
    """An object model.

    Attributes:
        low: Least corner of the bounding box in the model's frame, m.
        high: Greatest corner.
        density: kg/m^3.
        split: SAPIEN 3 loads its collision mesh as one hull; SAPIEN 2 loaded its connected parts.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    density: float
    split: bool = False

    @property
    def size(self) -> tuple[float, float, float]:
        """Edge lengths of the bounding box."""
        return (
            self.high[0] - self.low[0],
            self.high[1] - self.low[1],
            self.high[2] - self.low[2],
        )


def _box(x: float, y: float, z: float, density: float, *, split: bool = False) -> ObjectFacts:
    return ObjectFacts((-x, -y, -z), (x, y, z), density, split)


_CAN = _box(0.033, 0.0615, 0.033, 50)
_REDBULL = _box(0.02925, 0.086, 0.02925, 50)
_APPLE = _box(0.04, 0.04, 0.04, 800)
_SPONGE = _box(0.035, 0.05, 0.018, 150)
_CUBE = _box(0.015, 0.015, 0.015, 1000)
_SPLIT_REDBULL = ObjectFacts(_REDBULL.low, _REDBULL.high, _REDBULL.density, split=True)

OBJECTS = {
    "bridge_carrot_generated_modified": _box(0.0575, 0.016, 0.019, 700),
    "bridge_plate_objaverse_larger": _box(0.055, 0.055, 0.003, 1000),
    "bridge_spoon_generated_modified": _box(0.07, 0.0173, 0.013021, 1200, split=True),
    "table_cloth_generated_shorter": _box(0.05, 0.05, 0.005, 330),
    "baked_green_cube_3cm": _CUBE,
    "baked_yellow_cube_3cm": _CUBE,
    "eggplant": _box(0.03915, 0.0187, 0.019, 400),
    "sink": ObjectFacts((-0.1345, -0.1965, 0.0), (0.1345, 0.1965, 0.115), 100000),
    "dummy_sink_target_plane": _box(0.065, 0.04, 0.001, 100000),
    **{
        f"{prefix}opened_{kind}_can{suffix}": _CAN
        for kind in ("coke", "pepsi", "7up", "sprite", "fanta")
        for prefix, suffix in (("", ""), ("baked_", ""), ("baked_", "_v2"))
    },
    "opened_redbull_can": _REDBULL,
    "baked_opened_redbull_can": _SPLIT_REDBULL,
    "baked_opened_redbull_can_v2": _SPLIT_REDBULL,
    "apple": _APPLE,
    "baked_apple": _APPLE,
    "baked_apple_v2": _APPLE,
    "sponge": _SPONGE,
    "baked_sponge": _SPONGE,
    "baked_sponge_v2": _SPONGE,
    "orange": _box(0.035, 0.035, 0.034, 800),
    "blue_plastic_bottle": _box(0.03005, 0.1015, 0.03025, 50),
}

FRUIT_DENSITY_MOVE_NEAR = 200.0
"""Density of apples and oranges in move near, kg/m^3."""

_NOISE_WORDS = {"opened", "light", "generated", "modified", "objaverse", "bridge", "baked", "v2"}


def spoken_name(model: str) -> str:
    """Return what an instruction calls a model: ``baked_opened_pepsi_can_v2`` is a pepsi can."""
    words = [word for word in model.split("_") if word not in _NOISE_WORDS]
    return " ".join(word for word in words if not word.endswith("cm"))
