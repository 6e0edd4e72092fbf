"""Tables and floors as slabs of the official heights, with a room around them where one is there.

What is below the table top is invisible behind the overlay, except where a slab hides the robot:
the slabs therefore end where the official tables do, as far as the recordings show.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vla_gym_sapien.interface import BodyModel, Look, Shape
from vla_gym_sapien.poses import Pose

from vla_gym_simpler.facts import scenes

_THICK = 0.05  # m

_TABLES: dict[str, tuple[float, tuple[float, float], tuple[float, float]]] = {
    # height of the top, x and y range; m
    "bridge": (scenes.BRIDGE_TABLE_TOP, (-1.0, 1.0), (-1.0, 1.0)),
    "sink": (scenes.BRIDGE_TABLE_TOP, (-1.0, 1.0), (-1.0, 1.0)),
    "google": (scenes.GOOGLE_TABLE_TOP, (-1.0, 0.0), (-1.0, 1.0)),
}
_ROOM_FILES = {
    "bridge": ("bridge_table_1_v1",),
    "sink": ("bridge_table_1_v2",),
    "google": ("google_pick_coke_can_1_v4",),
}
_WOOD = Look(color=(0.55, 0.42, 0.30))
_WHITE = Look(color=(0.9, 0.9, 0.9))


def room_files(arena: str) -> tuple[str, ...]:
    """Return the official files (Habitat stages) that an arena is made of."""
    return _ROOM_FILES.get(arena, ())


def slab(
    name: str, room: Path | None = None, look: Look = _WOOD, floor: Look = _WHITE
) -> Sequence[tuple[BodyModel, Pose]]:
    """Return an arena: a slab to stand things on (or a floor), and a room around it.

    Args:
        name: ``"bridge"``, ``"sink"``, ``"google"`` or ``"drawer"`` (which has the floor).
        room: Model of the room.
        look: Of the slab.
        floor: Look of the floor; white is the official one.
    """
    parts: list[tuple[BodyModel, Pose]] = []
    if name == "drawer":
        ground = Shape("box", scenes.FLOOR_HALF, look=floor)
        parts.append((BodyModel("arena", (), (ground,), static=True), Pose.of()))
    else:
        parts.append(_table(name, look))
    if room is not None:
        walls = Shape("mesh", file=room, pose=Pose.of(q=scenes.ROOM_TURN))
        x, y, z = scenes.GOOGLE_OFFSET
        parts.append((BodyModel("room", (), (walls,), static=True), Pose.of((-x, -y, -z))))
    return parts


def _table(name: str, look: Look) -> tuple[BodyModel, Pose]:
    top, (x0, x1), (y0, y1) = _TABLES[name]
    half = ((x1 - x0) / 2, (y1 - y0) / 2, _THICK / 2)
    box = Shape("box", half, look=look)
    pose = Pose.of(((x0 + x1) / 2, (y0 + y1) / 2, top - _THICK / 2))
    return BodyModel("arena", (box,), (box,), static=True), pose
