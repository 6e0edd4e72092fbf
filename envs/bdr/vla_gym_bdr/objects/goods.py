"""Toys, cartons, cans and other things, in their usual sizes (m)."""

from __future__ import annotations

from math import pi

from vla_gym_sapien.interface import Color

from vla_gym_bdr.objects.model import Grip, ObjectModel, of, round_grip
from vla_gym_bdr.objects.solids import ball, box, rod, turned

_BLACK: Color = (0.05, 0.05, 0.06)
_WHITE: Color = (0.92, 0.92, 0.90)
_STEEL: Color = (0.72, 0.73, 0.75)
_RED: Color = (0.75, 0.04, 0.04)


def _tiger() -> ObjectModel:
    """Return a toy tiger: orange, striped, lying on its belly."""
    orange, stripe = (0.95, 0.48, 0.04), _BLACK
    body = box((0.040, 0.020, 0.020), (-0.005, 0, 0.030), orange, shine=0.1)
    stripes = [
        box((0.003, 0.0203, 0.0203), (x, 0, 0.030), stripe, shine=0.1).seen_only()
        for x in (-0.035, -0.018, 0.0, 0.018)
    ]
    legs = [
        box((0.007, 0.007, 0.010), (x, y, 0.010), orange)
        for x in (-0.034, 0.024)
        for y in (-0.012, 0.012)
    ]
    head = ball(0.021, (0.045, 0, 0.052), orange, shine=0.1)
    ears = [ball(0.007, (0.043, y, 0.071), stripe).seen_only() for y in (-0.014, 0.014)]
    eyes = [ball(0.0035, (0.064, y, 0.057), stripe).seen_only() for y in (-0.008, 0.008)]
    snout = ball(0.008, (0.064, 0, 0.047), _WHITE).seen_only()
    tail = rod(0.004, 0.05, (-0.062, 0, 0.046), stripe, rpy=(0, -0.6, 0)).seen_only()
    return of(
        "toy_tiger",
        body,
        *stripes,
        *legs,
        head,
        *ears,
        *eyes,
        snout,
        tail,
        grip=Grip((-0.005, 0, 0.030), 0.040),
    )


def _duck() -> ObjectModel:
    yellow, beak = (0.96, 0.80, 0.05), (0.95, 0.35, 0.02)
    body = turned([(0.020, 0.0), (0.032, 0.014), (0.030, 0.030), (0.012, 0.042)], yellow, shine=0.5)
    head = ball(0.019, (0.014, 0, 0.054), yellow)
    bill = box((0.008, 0.008, 0.003), (0.036, 0, 0.052), beak).seen_only()
    eyes = [ball(0.003, (0.028, y, 0.061), _BLACK).seen_only() for y in (-0.010, 0.010)]
    return of("rubber_duck", body, head, bill, *eyes, grip=Grip((0, 0, 0.022), 0.064))


def _car() -> ObjectModel:
    blue: Color = (0.05, 0.18, 0.70)
    wheels = [
        rod(0.011, 0.008, (x, y, 0.011), _BLACK, rpy=(0, 0, pi / 2))
        for x in (-0.024, 0.024)
        for y in (-0.020, 0.020)
    ]
    cabin = box((0.018, 0.016, 0.009), (-0.004, 0, 0.037), (0.55, 0.75, 0.90), shine=0.8)
    return of(
        "toy_car",
        box((0.040, 0.019, 0.010), (0, 0, 0.019), blue, shine=0.8),
        cabin,
        *wheels,
        grip=Grip((0, 0, 0.024), 0.042),
    )


def _carton(name: str, color: Color, band: Color) -> ObjectModel:
    body = box((0.026, 0.026, 0.050), (0, 0, 0.050), color)
    roof = [
        box((0.026, 0.019, 0.002), (0, s * 0.013, 0.108), color, rpy=(-s * 0.8, 0, 0)).seen_only()
        for s in (-1, 1)
    ]
    ridge = box((0.026, 0.002, 0.008), (0, 0, 0.124), color)
    strip = box((0.0264, 0.0264, 0.014), (0, 0, 0.055), band).seen_only()
    return of(name, body, *roof, ridge, strip, grip=Grip((0, 0, 0.087), 0.052))


def _can(name: str, color: Color, *, height: float = 0.105, band: Color = _WHITE) -> ObjectModel:
    body = rod(0.029, height, (0, 0, height / 2), color, shine=0.8)
    lids = [
        rod(0.0265, 0.003, (0, 0, height), _STEEL).seen_only(),
        rod(0.0293, height * 0.2, (0, 0, height * 0.5), band).seen_only(),
    ]
    return of(name, body, *lids, grip=round_grip(height * 0.7, 0.058))


def _sponge() -> ObjectModel:
    soft = box((0.045, 0.030, 0.011), (0, 0, 0.019), (0.95, 0.78, 0.15), shine=0.0)
    rough = box((0.045, 0.030, 0.004), (0, 0, 0.004), (0.08, 0.35, 0.15), shine=0.0)
    return of("sponge", soft, rough, grip=Grip((0, 0, 0.018), 0.060))


GOODS: tuple[ObjectModel, ...] = (
    _tiger(),
    _duck(),
    _car(),
    _carton("milk", _WHITE, (0.10, 0.30, 0.80)),
    _carton("juice", (0.95, 0.55, 0.05), (0.20, 0.60, 0.10)),
    _can("cola", (0.75, 0.02, 0.03)),
    _can("soup", (0.90, 0.85, 0.70), height=0.080, band=_RED),
    _sponge(),
    of(
        "yellow_block",
        box((0.022, 0.022, 0.022), (0, 0, 0.022), (0.95, 0.78, 0.04)),
        grip=Grip((0, 0, 0.024), 0.044),
    ),
    of(
        "blue_block",
        box((0.020, 0.020, 0.020), (0, 0, 0.020), (0.05, 0.20, 0.75)),
        grip=Grip((0, 0, 0.022), 0.040),
    ),
    of(
        "tennis_ball",
        turned(
            [
                (0.012, 0.0),
                (0.024, 0.010),
                (0.031, 0.024),
                (0.032, 0.034),
                (0.028, 0.050),
                (0.016, 0.061),
                (0.002, 0.064),
            ],
            (0.75, 0.88, 0.12),
            shine=0.0,
        ),
        grip=round_grip(0.030, 0.064),
    ),
)
