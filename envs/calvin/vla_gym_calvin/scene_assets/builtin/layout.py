"""Where things are in the four scenes: the numbers the generated furniture is built from.

All values are metres in the world after the 0.8 scaling. They are measurements of the public
CALVIN tables (link origins, limits and bounding boxes; ``calvin.md`` sections 4 and 2), so that
the same actions do the same things; the shapes themselves are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SCALING = 0.8  # global scaling with which CALVIN loads tables and blocks

TABLE_TOP = 0.44
HALF_WIDTH = 0.44
FRONT, BACK = -0.18, 0.18  # y of the table's edges
APRON_BOTTOM, TOP_BOTTOM = 0.30, 0.40
CREST = 0.6478461  # z of the upper edge of the back part
SLOPE_FOOT, SLOPE_HEAD = 0.02, 0.14  # y of the sloping front, at TABLE_TOP and at CREST
WALL = 0.16  # y of the cavity's back wall
CEILING = 0.6278461

DOOR_WIDTH, DOOR_HALF_HEIGHT, DOOR_THICKNESS = 0.28, 0.12, 0.02
DRAWER_HALF_WIDTH = 0.20
BUTTON_RADIUS, BUTTON_HEIGHT, RING_RADIUS = 0.032, 0.024, 0.04

# The joint frames that do not depend on the scene: y and z of the origin, roll about x.
BUTTON_FRAME = (-0.12, 0.46, math.pi / 2)
SWITCH_FRAME = (0.0609282, 0.4948897, math.radians(150))
SLIDE_FRAME = (0.075, 0.535264, math.radians(60))
DRAWER_FRAME = (0.0, 0.32, math.pi / 2)
LED_FRAME = (0.16, CREST, math.pi / 2)
LIGHT_FRAME = (0.132, CREST, math.pi / 2)
PLANK_FRAME = (0.09, 0.42, math.pi / 2)

BLOCK_SIZES = {"small": 0.04, "middle": 0.056, "big": 0.08}  # length; the other sides are 0.04
BLOCK_COLOURS = {"red": (1.0, 0.0, 0.0), "blue": (0.0, 0.0, 1.0), "pink": (1.0, 0.0, 1.0)}


@dataclass(frozen=True)
class Layout:
    """What differs between scenes: positions along x, block sizes and woods.

    Attributes:
        button: x of the button.
        switch: x of the switch.
        slide: x of the sliding door's joint (its left edge when closed).
        slide_limit: How far the door moves towards -x.
        drawer: x of the drawer.
        led: x of the LED.
        light: x of the lamp.
        shelf: x range of the cavity behind the door.
        blocks: (colour, size) in the order of the scene.
        wood: Name of the table's wood, and of the door's and the drawer's.
    """

    button: float
    switch: float
    slide: float
    slide_limit: float
    drawer: float
    led: float
    light: float
    shelf: tuple[float, float]
    blocks: tuple[tuple[str, str], ...]
    wood: tuple[str, str]


LAYOUTS = {
    "A": Layout(
        button=-0.28,
        switch=0.30,
        slide=-0.10,
        slide_limit=0.28,
        drawer=0.10,
        led=-0.28,
        light=0.30,
        shelf=(-0.36, 0.16),
        blocks=(("pink", "small"), ("blue", "big"), ("red", "middle")),
        wood=("mahogany", "mahogany"),
    ),
    "B": Layout(
        button=0.28,
        switch=-0.32,
        slide=0.088,
        slide_limit=0.304,
        drawer=0.18,
        led=0.28,
        light=-0.32,
        shelf=(-0.18, 0.34),
        blocks=(("red", "small"), ("blue", "big"), ("pink", "middle")),
        wood=("pine", "pine"),
    ),
    "C": Layout(
        button=-0.12,
        switch=-0.32,
        slide=0.06,
        slide_limit=0.24,
        drawer=0.10,
        led=-0.12,
        light=-0.32,
        shelf=(-0.18, 0.34),
        blocks=(("blue", "small"), ("red", "big"), ("pink", "middle")),
        wood=("oak", "mahogany"),
    ),
    "D": Layout(
        button=-0.12,
        switch=0.30,
        slide=-0.10,
        slide_limit=0.28,
        drawer=0.18,
        led=-0.12,
        light=0.30,
        shelf=(-0.36, 0.16),
        blocks=(("red", "middle"), ("blue", "small"), ("pink", "big")),
        wood=("walnut", "walnut"),
    ),
}
