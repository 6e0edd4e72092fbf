"""Objects of our own, built from boxes, cylinders and spheres in the official measures (m).

Names, frames, bounding boxes and densities are those of the official models, so that layouts,
rules and instructions hold unchanged; only the looks are ours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from vla_gym_sapien.interface import Color, Look, Shape
from vla_gym_sapien.poses import Pose, euler_quaternion

from vla_gym_simpler.facts.objects import OBJECTS

_ALONG_Y = euler_quaternion(0.0, 0.0, np.pi / 2)  # engine cylinders lie along x
_ALONG_Z = euler_quaternion(0.0, -np.pi / 2, 0.0)

_CAN_COLORS: dict[str, Color] = {
    "coke": (0.72, 0.02, 0.03),
    "pepsi": (0.02, 0.09, 0.50),
    "7up": (0.02, 0.42, 0.12),
    "sprite": (0.10, 0.55, 0.22),
    "fanta": (0.90, 0.35, 0.02),
    "redbull": (0.25, 0.32, 0.62),
}
_ALUMINIUM = Look((0.70, 0.70, 0.72), roughness=0.35, metallic=0.6)
_WHITE = Look((0.88, 0.88, 0.88))


def _at(x: float, y: float, z: float, q: np.ndarray | None = None) -> Pose:
    return Pose.of((x, y, z), (1.0, 0.0, 0.0, 0.0) if q is None else q)


def _box(half: tuple[float, float, float], pose: Pose, look: Look) -> Shape:
    return Shape("box", half, pose=pose, look=look)


def _can(
    kind: str, half: tuple[float, float, float]
) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
    """Return a can along y: touched as one cylinder, drawn with label, rims and a band."""
    radius, height = half[0], half[1]
    body = Look(_CAN_COLORS[kind], roughness=0.4, specular=0.5)
    parts = [
        Shape("cylinder", (radius, height * 0.90), pose=_at(0, 0, 0, _ALONG_Y), look=body),
        Shape("cylinder", (radius * 0.86, height), pose=_at(0, 0, 0, _ALONG_Y), look=_ALUMINIUM),
        Shape(
            "cylinder", (radius * 1.002, height * 0.16), pose=_at(0, 0, 0, _ALONG_Y), look=_WHITE
        ),
    ]
    return (Shape("cylinder", (radius, height), pose=_at(0, 0, 0, _ALONG_Y)),), tuple(parts)


def _ball(radius: float, look: Look, stalk: Color) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
    ball = Shape("sphere", (radius,), look=look)
    tip = Shape("cylinder", (0.003, 0.008), pose=_at(0, 0, radius, _ALONG_Z), look=Look(stalk))
    return (ball,), (ball, tip)


def _sponge(half: tuple[float, float, float]) -> tuple[Shape, ...]:
    x, y, z = half
    soft = _box((x, y, z * 0.65), _at(0, 0, -0.35 * z), Look((0.85, 0.72, 0.20)))
    rough = _box((x, y, z * 0.35), _at(0, 0, 0.65 * z), Look((0.10, 0.32, 0.16)))
    return soft, rough


def _bottle(half: tuple[float, float, float]) -> tuple[Shape, ...]:
    radius, height = half[0], half[1]
    blue = Look((0.06, 0.22, 0.60), roughness=0.3, specular=0.6)
    body = Shape(
        "cylinder", (radius, 0.72 * height), pose=_at(0, -0.28 * height, 0, _ALONG_Y), look=blue
    )
    neck = Shape(
        "cylinder",
        (radius * 0.45, 0.28 * height),
        pose=_at(0, 0.72 * height, 0, _ALONG_Y),
        look=_WHITE,
    )
    return body, neck


def _spoon() -> tuple[Shape, ...]:
    """Return a spoon along x: bowl at -x, handle at +x."""
    green, steel = Look((0.45, 0.70, 0.08)), Look((0.75, 0.75, 0.76), roughness=0.3)
    return (
        _box((0.022, 0.0173, 0.006), _at(-0.048, 0, -0.004), steel),
        _box((0.016, 0.006, 0.005), _at(-0.012, 0, 0.0), steel),
        _box((0.036, 0.009, 0.009), _at(0.034, 0, -0.002), green),
    )


def _carrot() -> tuple[Shape, ...]:
    orange, leaf = Look((0.92, 0.32, 0.03)), Look((0.12, 0.45, 0.08))
    return (
        Shape("cylinder", (0.016, 0.028), pose=_at(0.020, 0, 0), look=orange),
        Shape("cylinder", (0.012, 0.022), pose=_at(-0.028, 0, 0), look=orange),
        Shape("cylinder", (0.006, 0.0045), pose=_at(-0.053, 0, 0), look=orange),
        Shape("cylinder", (0.005, 0.005), pose=_at(0.0525, 0, 0), look=leaf),
    )


def _eggplant() -> tuple[Shape, ...]:
    purple = Look((0.16, 0.03, 0.20), roughness=0.3, specular=0.7)
    leaf = Look((0.15, 0.40, 0.12))
    return (
        Shape("sphere", (0.0187,), pose=_at(-0.0204, 0, 0), look=purple),
        Shape("cylinder", (0.0175, 0.016), pose=_at(-0.004, 0, 0), look=purple),
        Shape("sphere", (0.015,), pose=_at(0.014, 0, 0), look=purple),
        Shape("cylinder", (0.006, 0.006), pose=_at(0.033, 0, 0), look=leaf),
    )


def _plate() -> tuple[Shape, ...]:
    porcelain = Look((0.90, 0.88, 0.84), roughness=0.3, specular=0.6)
    return (Shape("cylinder", (0.055, 0.003), pose=_at(0, 0, 0, _ALONG_Z), look=porcelain),)


def _sink() -> tuple[Shape, ...]:
    """Return a sink of five plates with a basket's yellow rim around the target, origin below."""
    steel = Look((0.62, 0.64, 0.66), roughness=0.4, metallic=0.3)
    yellow = Look((0.88, 0.66, 0.05))
    x, y, h = 0.1345, 0.1965, 0.115
    plates = (
        _box((x, y, 0.004), _at(0, 0, 0.004), steel),
        _box((0.004, y, h / 2), _at(-x + 0.004, 0, h / 2), steel),
        _box((0.004, y, h / 2), _at(x - 0.004, 0, h / 2), steel),
        _box((x, 0.004, h / 2), _at(0, -y + 0.004, h / 2), steel),
        _box((x, 0.004, h / 2), _at(0, y - 0.004, h / 2), steel),
    )
    # The basket stands at (0.035, -0.105) of the sink: where the target plane is dropped.
    cx, cy, bx, by, bh = 0.035, -0.105, 0.078, 0.055, 0.03
    basket = (
        _box((0.003, by, bh / 2), _at(cx - bx, cy, bh / 2 + 0.008), yellow),
        _box((0.003, by, bh / 2), _at(cx + bx, cy, bh / 2 + 0.008), yellow),
        _box((bx, 0.003, bh / 2), _at(cx, cy - by, bh / 2 + 0.008), yellow),
        _box((bx, 0.003, bh / 2), _at(cx, cy + by, bh / 2 + 0.008), yellow),
    )
    return (*plates, *basket)


def shapes(name: str) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
    """Return collision and visual shapes of an object model."""
    half = OBJECTS[name].high
    for kind in _CAN_COLORS:
        if f"{kind}_can" in name:
            return _can(kind, half)
    if "apple" in name:
        return _ball(0.04, Look((0.62, 0.05, 0.05), roughness=0.4), (0.25, 0.15, 0.05))
    if name == "orange":
        return _ball(0.0345, Look((0.95, 0.42, 0.03)), (0.10, 0.35, 0.08))
    same: dict[str, Callable[[], tuple[Shape, ...]]] = {
        "sponge": lambda: _sponge(half),
        "blue_plastic_bottle": lambda: _bottle(half),
        "bridge_spoon_generated_modified": _spoon,
        "bridge_carrot_generated_modified": _carrot,
        "bridge_plate_objaverse_larger": _plate,
        "eggplant": _eggplant,
        "sink": _sink,
        "table_cloth_generated_shorter": lambda: (_box(half, _at(0, 0, 0), _TOWEL),),
        "dummy_sink_target_plane": lambda: (_box(half, _at(0, 0, 0), _BASKET_FLOOR),),
        "baked_green_cube_3cm": lambda: (_box(half, _at(0, 0, 0), Look((0.05, 0.45, 0.15))),),
        "baked_yellow_cube_3cm": lambda: (_box(half, _at(0, 0, 0), Look((0.88, 0.68, 0.06))),),
    }
    build = same["sponge" if "sponge" in name else name]
    parts = build()
    return parts, parts


_TOWEL = Look((0.40, 0.62, 0.80), roughness=1.0, specular=0.0)
_BASKET_FLOOR = Look((0.80, 0.60, 0.05))
