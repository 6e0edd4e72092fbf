"""Fruit, vegetables and other food, in their usual sizes (m)."""

from __future__ import annotations

from math import cos, pi, sin

from vla_gym_sapien.interface import Color
from vla_gym_sapien.poses import Pose

from vla_gym_bdr.objects.model import Grip, ObjectModel, of, round_grip
from vla_gym_bdr.objects.solids import ALONG_X, Piece, Profile, ball, box, egg, rod, turned

_LEAF: Color = (0.10, 0.38, 0.06)
_STALK: Color = (0.28, 0.17, 0.07)


def _lying(profile: Profile, color: Color, radius: float, *, shine: float = 0.35) -> Piece:
    """Return a profile laid along x, its middle above the origin."""
    length = profile[-1][1]
    return turned(profile, color, where=Pose.of((-length / 2, 0, radius), ALONG_X), shine=shine)


def _round(
    name: str,
    size: tuple[float, float],
    color: Color,
    *,
    blunt: float = 0.0,
    leaf: Color = _LEAF,
    stalk: float = 0.008,
) -> ObjectModel:
    """Return a round fruit with a stalk; ``size`` is (width, height)."""
    width, height = size
    top = rod(0.0035, stalk, (0, 0, height + stalk / 2 - 0.002), leaf).seen_only()
    body = turned(_flat(egg(height, width, blunt=blunt, rings=11)), color, shine=0.45)
    return of(name, body, top, grip=round_grip(height * 0.45, width))


def _flat(profile: Profile) -> Profile:
    """Return an egg with a flattened underside, so that it does not roll away."""
    (_, z), *rest = profile[1:]
    return [(profile[1][0], 0.0), *((r, h - z) for r, h in rest)]


def _long(
    name: str,
    size: tuple[float, float],
    color: Color,
    *extra: Piece,
    blunt: float = 0.0,
    profile: Profile | None = None,
) -> ObjectModel:
    """Return something long that lies along x; ``size`` is (length, width)."""
    length, width = size
    body = _lying(profile or egg(length, width, blunt=blunt), color, width / 2)
    return of(name, body, *extra, grip=Grip((0.0, 0.0, width / 2), width))


def _stick(radius: float, length: float, *, tip: float = 0.5) -> Profile:
    """Return a long profile with rounded ends; ``tip`` is the relative width of its upper end."""
    return [
        (radius * 0.35, 0.0),
        (radius * 0.85, radius * 0.4),
        (radius, radius * 1.2),
        (radius * (1 + tip) / 2, length * 0.75),
        (radius * tip, length - radius * 0.3),
        (radius * tip * 0.4, length),
    ]


def _banana() -> ObjectModel:
    """Return a banana: pieces along an arc in the x-y plane."""
    yellow: Color = (0.93, 0.74, 0.05)
    bend, count, radius = 0.11, 5, 0.017
    pieces = []
    for k in range(count):
        angle = (k - (count - 1) / 2) * 0.33
        at = (bend * sin(angle), bend * (1 - cos(angle)) - 0.016, radius)
        size = radius * (1.0 - 0.09 * abs(k - (count - 1) / 2))
        pieces.append(rod(size, 0.040, at, yellow, rpy=(0, 0, angle), shine=0.4))
        pieces.append(ball(size, at, yellow).seen_only())
    end = (count - 1) / 2 * 0.33 + 0.2
    for side in (-1, 1):
        at = (side * bend * sin(end), bend * (1 - cos(end)) - 0.016, radius)
        pieces.append(rod(0.006, 0.018, at, (0.25, 0.18, 0.05), rpy=(0, 0, side * end)).seen_only())
    return of("banana", *pieces, grip=Grip((0.0, -0.014, radius), 2 * radius))


def _corn() -> ObjectModel:
    husk = rod(0.017, 0.05, (-0.075, 0, 0.022), (0.45, 0.60, 0.20), rpy=(0, 0, 0)).seen_only()
    return _long(
        "corn", (0.16, 0.044), (0.95, 0.75, 0.15), husk, profile=_stick(0.022, 0.16, tip=0.45)
    )


def _cheese() -> ObjectModel:
    yellow: Color = (0.96, 0.76, 0.22)
    dark = (0.72, 0.48, 0.08)
    holes = [
        rod(0.006, 0.002, (x, side * 0.0295, z), dark, rpy=(0, 0, pi / 2)).seen_only()
        for side in (-1, 1)
        for x, z in ((-0.03, 0.02), (0.0, 0.03), (0.025, 0.015))
    ]
    holes += [
        rod(0.007, 0.001, (x, y, 0.0440), dark).seen_only()
        for x, y in ((-0.025, 0.01), (0.02, -0.01))
    ]
    return of(
        "cheese",
        box((0.045, 0.03, 0.022), (0, 0, 0.022), yellow),
        *holes,
        grip=Grip((0, 0, 0.024), 0.06),
    )


def _bread() -> ObjectModel:
    crust, score = (0.66, 0.40, 0.16), (0.85, 0.66, 0.38)
    cuts = [
        box((0.004, 0.018, 0.002), (x, 0, 0.052), score, rpy=(0, 0, 0.5)).seen_only()
        for x in (-0.04, 0.0, 0.04)
    ]
    loaf = _lying(egg(0.17, 0.056), crust, 0.028, shine=0.1)
    return of("bread", loaf, *cuts, grip=Grip((0, 0, 0.028), 0.056))


FOOD: tuple[ObjectModel, ...] = (
    _long(
        "cucumber",
        (0.17, 0.038),
        (0.07, 0.30, 0.05),
        rod(0.005, 0.010, (-0.088, 0, 0.019), _STALK, rpy=(0, 0, 0)).seen_only(),
        profile=_stick(0.019, 0.17, tip=0.85),
    ),
    _long(
        "eggplant",
        (0.15, 0.056),
        (0.15, 0.02, 0.20),
        rod(0.017, 0.018, (0.062, 0, 0.028), _LEAF, rpy=(0, 0, 0)).seen_only(),
        rod(0.006, 0.03, (0.082, 0, 0.028), _LEAF, rpy=(0, 0, 0)).seen_only(),
        profile=[
            (0.012, 0.0),
            (0.024, 0.012),
            (0.028, 0.035),
            (0.027, 0.06),
            (0.020, 0.10),
            (0.014, 0.135),
            (0.006, 0.15),
        ],
    ),
    _round("mandarin", (0.060, 0.052), (0.95, 0.40, 0.02), stalk=0.005),
    _long(
        "potato",
        (0.085, 0.056),
        (0.62, 0.44, 0.22),
        ball(0.003, (0.02, -0.02, 0.045), _STALK).seen_only(),
        ball(0.003, (-0.015, 0.01, 0.053), _STALK).seen_only(),
        blunt=0.12,
    ),
    _round("red_apple", (0.068, 0.066), (0.70, 0.03, 0.04), blunt=-0.12, leaf=_STALK, stalk=0.014),
    _round(
        "green_apple", (0.066, 0.064), (0.45, 0.66, 0.10), blunt=-0.12, leaf=_STALK, stalk=0.014
    ),
    _round("tomato", (0.064, 0.050), (0.80, 0.06, 0.03), stalk=0.010),
    _round("peach", (0.062, 0.058), (0.95, 0.52, 0.35), leaf=_STALK),
    _round("onion", (0.062, 0.056), (0.60, 0.22, 0.30), leaf=(0.75, 0.62, 0.40), stalk=0.018),
    _round("pear", (0.060, 0.090), (0.70, 0.72, 0.16), blunt=0.34, leaf=_STALK, stalk=0.016),
    _round("bell_pepper", (0.066, 0.070), (0.90, 0.55, 0.02), blunt=-0.15, stalk=0.018),
    _round(
        "white_egg",
        (0.044, 0.056),
        (0.94, 0.90, 0.84),
        blunt=0.14,
        stalk=0.001,
        leaf=(0.94, 0.90, 0.84),
    ),
    _long("lemon", (0.080, 0.054), (0.95, 0.82, 0.08)),
    _long("lime", (0.070, 0.050), (0.30, 0.55, 0.08)),
    _long(
        "carrot",
        (0.16, 0.034),
        (0.93, 0.36, 0.03),
        *(
            rod(0.003, 0.05, (-0.10, y, 0.019 + z), _LEAF, rpy=(0, 0, 3 * y * 10)).seen_only()
            for y, z in ((-0.006, 0.0), (0.0, 0.006), (0.006, 0.0))
        ),
        profile=_stick(0.017, 0.16, tip=0.25),
    ),
    _banana(),
    _corn(),
    _cheese(),
    _bread(),
)
