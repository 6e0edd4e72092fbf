"""Kitchenware and bottles, in their usual sizes (m)."""

from __future__ import annotations

from math import cos, pi, sin, tan

from vla_gym_sapien.interface import Color, Shape

from vla_gym_bdr.objects.model import Grip, ObjectModel, Rest, of, round_grip
from vla_gym_bdr.objects.solids import Piece, Profile, box, pose, rod, turned

_STEEL: Color = (0.72, 0.73, 0.75)
_WOOD: Color = (0.46, 0.26, 0.11)
_BLACK: Color = (0.05, 0.05, 0.06)
_WHITE: Color = (0.92, 0.92, 0.90)
_RED: Color = (0.75, 0.04, 0.04)
_GREEN: Color = (0.05, 0.45, 0.12)
_WALL = 0.004
"""Half the thickness of a tray's walls, m."""


def _bottle(
    name: str, color: Color, cap: Color, *, label: Color | None = None, height: float = 0.17
) -> ObjectModel:
    """Return a standing bottle with a cap."""
    r, s = 0.030, height * 0.74
    body: Profile = [(0.027, 0.0), (r, 0.004), (r, s), (0.014, s + 0.022), (0.014, height - 0.018)]
    lid = rod(0.0165, 0.020, (0, 0, height - 0.010), cap)
    band = [rod(r + 0.0006, 0.045, (0, 0, s * 0.5), label).seen_only()] if label else []
    return of(
        name, turned(body, color, shine=0.7), lid, *band, grip=round_grip(height - 0.049, 2 * r)
    )


def _mug(
    name: str, color: Color, *, handle: bool = True, width: float = 0.068, height: float = 0.085
) -> ObjectModel:
    """Return a mug (with a handle along x) or a cup: touched as a solid."""
    r = width / 2
    inner = tuple(0.35 * c for c in color)
    body = turned([(r * 0.86, 0.0), (r, 0.012), (r, height)], color, shine=0.6)
    hole = rod(r * 0.88, 0.002, (0, 0, height + 0.0005), (inner[0], inner[1], inner[2])).seen_only()
    rim = rod(r * 1.03, 0.006, (0, 0, height - 0.003), color).seen_only()
    pieces: list[Piece] = [body, rim, hole]
    if handle:
        x = r + 0.018
        pieces += [
            rod(0.005, 0.022, (r + 0.009, 0, height * 0.76), color, rpy=(0, 0, 0)),
            rod(0.005, 0.022, (r + 0.009, 0, height * 0.30), color, rpy=(0, 0, 0)),
            rod(0.005, height * 0.46 + 0.010, (x, 0, height * 0.53), color),
        ]
    return of(name, *pieces, grip=Grip((0, 0, height * 0.62), width, any_turn=not handle))


def _plate(name: str, color: Color) -> ObjectModel:
    ring = turned(
        [
            (0.050, 0.0),
            (0.060, 0.003),
            (0.085, 0.012),
            (0.085, 0.014),
            (0.060, 0.007),
            (0.001, 0.006),
        ],
        color,
        shine=0.7,
    )
    floor = rod(0.060, 0.006, (0, 0, 0.003), color)
    return of(
        name,
        Piece(ring.visuals, floor.collisions),
        _edge(0.078, 0.010),
        rest=Rest(0.006, (0.050, 0.050)),
    )


def _edge(radius: float, height: float, count: int = 12) -> Piece:
    """Return an unseen ring of boxes: the rim of something flat."""
    half = radius * tan(pi / count)
    boxes: list[Shape] = []
    for k in range(count):
        a = 2 * pi * k / count
        boxes += box(
            (0.006, half, height / 2),
            (radius * cos(a), radius * sin(a), height / 2),
            _WHITE,
            rpy=(0, 0, a),
        ).collisions
    return Piece((), tuple(boxes))


def _bowl(name: str, color: Color) -> ObjectModel:
    seen = turned(
        [
            (0.030, 0.0),
            (0.055, 0.015),
            (0.072, 0.045),
            (0.070, 0.046),
            (0.052, 0.018),
            (0.001, 0.008),
        ],
        color,
        shine=0.6,
    )
    floor = rod(0.050, 0.008, (0, 0, 0.004), color)
    return of(
        name,
        Piece(seen.visuals, floor.collisions),
        _edge(0.066, 0.044),
        rest=Rest(0.008, (0.035, 0.035)),
    )


def _tray(
    name: str,
    half: tuple[float, float],
    height: float,
    color: Color,
    *,
    slats: bool = False,
) -> ObjectModel:
    """Return an open box; with slats it is a basket."""
    x, y = half
    parts = [box((x, y, 0.003), (0, 0, 0.003), color, shine=0.1)]
    for side in (-1, 1):
        walls = [
            ((_WALL, y, height / 2), (side * (x - _WALL), 0.0, height / 2)),
            ((x, _WALL, height / 2), (0.0, side * (y - _WALL), height / 2)),
        ]
        parts += [_side(size, at, color, slats=slats) for size, at in walls]
        parts += [
            box(
                (_WALL * 1.3, _WALL * 1.3, height / 2),
                (side * (x - _WALL), other * (y - _WALL), height / 2),
                color,
                shine=0.1,
            ).seen_only()
            for other in (-1, 1)
        ]
    inside = (x - 2 * _WALL - 0.004, y - 2 * _WALL - 0.004)
    return of(name, *parts, rest=Rest(0.006, inside), density=600.0)


def _side(
    half: tuple[float, float, float],
    at: tuple[float, float, float],
    color: Color,
    *,
    slats: bool,
) -> Piece:
    """Return a wall that is touched as a whole and seen as such, or as four slats."""
    height = 2 * half[2]
    slat_levels = [(height * (k + 0.5) / 4, height / 10) for k in range(4)]
    levels = slat_levels if slats else [(height / 2, height / 2)]
    seen = [
        shape
        for z, h in levels
        for shape in box((half[0], half[1], h), (at[0], at[1], z), color, shine=0.1).visuals
    ]
    return Piece(tuple(seen), box(half, at, color).collisions)


def _board() -> ObjectModel:
    dark: Color = (0.28, 0.15, 0.06)
    stripes = [
        box((0.125, 0.006, 0.0004), (0, y, 0.0160), dark, shine=0.1).seen_only()
        for y in (-0.055, 0.055)
    ]
    hole = rod(0.010, 0.002, (0.105, 0, 0.0157), _BLACK).seen_only()
    return of(
        "cutting_board",
        box((0.125, 0.085, 0.008), (0, 0, 0.008), _WOOD, shine=0.1),
        *stripes,
        hole,
        rest=Rest(0.016, (0.115, 0.078)),
        density=700.0,
    )


def _knife() -> ObjectModel:
    blade = box((0.055, 0.0140, 0.0012), (-0.05, 0, 0.0045), _STEEL, shine=0.9)
    tip = box(
        (0.0105, 0.0105, 0.0011), (-0.105, 0.0, 0.0045), _STEEL, rpy=(0, 0, pi / 4), shine=0.9
    ).seen_only()
    handle = box((0.048, 0.0105, 0.009), (0.052, 0, 0.009), _BLACK)
    rivets = [rod(0.003, 0.001, (x, 0, 0.0184), _STEEL).seen_only() for x in (0.03, 0.052, 0.074)]
    return of(
        "knife", blade, tip, handle, *rivets, grip=Grip((0.045, 0, 0.018), 0.021), density=900.0
    )


def _cutlery(name: str, color: Color, head: tuple[Piece, ...]) -> ObjectModel:
    handle = box((0.055, 0.006, 0.005), (0.035, 0, 0.005), color, shine=0.6)
    return of(name, handle, *head, grip=Grip((0.03, 0, 0.018), 0.012), density=900.0)


def _seasoning() -> ObjectModel:
    """Return a shaker: a glass of brown powder with a red lid full of holes."""
    glass = turned([(0.022, 0.0), (0.023, 0.004), (0.023, 0.062)], (0.50, 0.22, 0.06), shine=0.7)
    label = rod(0.0235, 0.026, (0, 0, 0.030), (0.95, 0.86, 0.55)).seen_only()
    lid = rod(0.0235, 0.022, (0, 0, 0.073), _RED)
    holes = [
        rod(0.002, 0.001, (x, y, 0.0845), _BLACK).seen_only()
        for x, y in ((0, 0), (0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01))
    ]
    return of(
        "seasoning_powder", glass, label, lid, *holes, grip=round_grip(0.045, 0.047), mouth=0.085
    )


def _pan() -> ObjectModel:
    seen = turned(
        [(0.060, 0.0), (0.072, 0.030), (0.069, 0.030), (0.058, 0.006), (0.001, 0.005)],
        (0.10, 0.10, 0.11),
        shine=0.6,
    )
    handle = box((0.050, 0.009, 0.006), (0.120, 0, 0.026), _BLACK)
    floor = rod(0.058, 0.005, (0, 0, 0.0025), _BLACK)
    return of(
        "frying_pan",
        Piece(seen.visuals, floor.collisions),
        _edge(0.066, 0.029),
        handle,
        rest=Rest(0.005, (0.038, 0.038)),
    )


_SPOON_HEAD = (
    box((0.012, 0.004, 0.003), (-0.030, 0, 0.005), _STEEL, shine=0.9),
    Piece(
        turned(
            [(0.006, 0.0), (0.015, 0.003), (0.019, 0.008)],
            _STEEL,
            where=pose((-0.052, 0, 0)),
            shine=0.9,
        ).visuals,
        box((0.018, 0.014, 0.004), (-0.052, 0, 0.004), _STEEL).collisions,
    ),
)
_FORK_HEAD = (
    box((0.010, 0.012, 0.0025), (-0.028, 0, 0.004), _STEEL, shine=0.9),
    *(
        box((0.014, 0.0018, 0.002), (-0.050, y, 0.004), _STEEL).seen_only()
        for y in (-0.009, -0.003, 0.003, 0.009)
    ),
)

KITCHENWARE: tuple[ObjectModel, ...] = (
    _knife(),
    _bottle("green_bottle", (0.03, 0.36, 0.10), (0.85, 0.75, 0.15), label=(0.85, 0.90, 0.70)),
    _bottle("yellow_bottle", (0.92, 0.72, 0.04), _RED),
    _bottle("white_bottle", _WHITE, (0.10, 0.30, 0.75), label=(0.10, 0.35, 0.80)),
    _bottle("ketchup", (0.70, 0.03, 0.02), _WHITE, label=(0.95, 0.90, 0.80)),
    _mug("red_mug", _RED),
    _mug("blue_mug", (0.05, 0.20, 0.65)),
    _mug("green_cup", _GREEN, handle=False, width=0.062, height=0.075),
    _mug("white_cup", _WHITE, handle=False, width=0.060, height=0.065),
    _seasoning(),
    _board(),
    _tray("vegetable_basket", (0.105, 0.085), 0.055, (0.72, 0.50, 0.24), slats=True),
    _tray("white_box", (0.075, 0.075), 0.060, _WHITE),
    _plate("red_plate", (0.78, 0.05, 0.05)),
    _plate("green_plate", (0.10, 0.55, 0.20)),
    _bowl("white_bowl", _WHITE),
    _pan(),
    _cutlery("spoon", _STEEL, _SPOON_HEAD),
    _cutlery("fork", _STEEL, _FORK_HEAD),
    _cutlery("spatula", _BLACK, (box((0.030, 0.024, 0.002), (-0.048, 0, 0.005), _BLACK),)),
)
