"""Tables, light, photographs, stations: what stands around the robot."""

from __future__ import annotations

from math import cos, radians, sin

from vla_gym_sapien.interface import Light, Lighting

BRIDGE_TABLE_TOP = 0.869531
"""Height of the Bridge table, m: recovered from reset poses that genuine runs printed."""
GOOGLE_TABLE_TOP = 0.887532
"""Height of the Google table, m: likewise."""
TABLE_REFERENCE = 0.87  # m; objects are dropped from 0.5 m above it
DROP_HEIGHT = 0.5

SINK_POSE = (-0.16, 0.13, 0.88)
CABINET_POSE = (-0.295, 0.0, 0.017)
CABINET_FRICTION = 0.05
CABINET_DAMPING = 1.0
CABINET_JOINTS = ("top_drawer_joint", "middle_drawer_joint", "bottom_drawer_joint")
FLOOR_HALF = (10.0, 10.0, 0.017)  # the white floor of the drawer scene, half lengths

GOOGLE_OFFSET = (-1.6616, -3.0337, 0.0)  # m, of the rooms around the Google Robot
ROOM_TURN = (0.707, 0.707, 0.0, 0.0)  # y up to z up


def _white(level: float) -> tuple[float, float, float]:
    return (level, level, level)


def _lighting(ambient: float, *lights: tuple[tuple[float, float, float], float, bool]) -> Lighting:
    return Lighting(
        _white(ambient),
        tuple(Light(direction, _white(level), shadow) for direction, level, shadow in lights),
    )


_DOWN, _ACROSS, _BEHIND = (0.0, 0.0, -1.0), (-1.0, -0.5, -1.0), (1.0, 1.0, -1.0)

TABLETOP_LIGHTING = {
    "default": _lighting(0.3, (_DOWN, 2.2, False), (_ACROSS, 0.7, False), (_BEHIND, 0.7, False)),
    "darker": _lighting(0.3, (_BEHIND, 0.8, False), (_DOWN, 0.8, False)),
    "brighter": _lighting(0.3, (_DOWN, 3.6, False), (_ACROSS, 1.3, False), (_BEHIND, 1.3, False)),
}
SINK_LIGHTING = _lighting(0.3, (_DOWN, 0.3, False))

_SLANT = radians(75.0)
_SIDE_LIGHTS = (((-1.0, 1.0, -0.05), 0.5, False), ((-1.0, -1.0, -0.05), 0.5, False))
DRAWER_LIGHTING = {
    "simple": _lighting(1.0, ((-cos(_SLANT), 0.0, -sin(_SLANT)), 1.0, False)),
    "default": _lighting(0.3, ((-0.2, 0.0, -1.0), 1.0, True), *_SIDE_LIGHTS),
    "darker": _lighting(0.3, ((-0.2, 0.0, -1.0), 0.5, True), *_SIDE_LIGHTS),
    "brighter": _lighting(0.3, ((-0.2, 0.0, -1.0), 2.0, True), *_SIDE_LIGHTS),
    "vertical": _lighting(0.3, ((-0.1, 0.0, -1.0), 1.0, True), *_SIDE_LIGHTS),
}
