"""Assets of our own: everything runs with nothing downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vla_gym_sapien.interface import BodyModel, Look, Shape, Surface
from vla_gym_sapien.poses import Pose

from vla_gym.errors import UnknownNameError
from vla_gym_simpler.assets import descriptions
from vla_gym_simpler.assets.arenas import slab
from vla_gym_simpler.assets.shapes import shapes
from vla_gym_simpler.assets.textures import wood
from vla_gym_simpler.facts.objects import OBJECTS
from vla_gym_simpler.facts.robot import RobotFacts

_SURFACE, _DAMPING = Surface(0.5), 0.1
_WALL = Look((0.62, 0.64, 0.66), roughness=1.0, specular=0.0)
_FLOOR = Look((0.36, 0.33, 0.30), roughness=1.0, specular=0.0)
_WALLS: dict[str, Look] = {
    "": _WALL,
    "alt_background": Look((0.42, 0.52, 0.45), roughness=1.0, specular=0.0),
    "modern_bedroom_no_roof": Look((0.70, 0.58, 0.50), roughness=1.0, specular=0.0),
    "modern_office_no_roof": Look((0.45, 0.52, 0.62), roughness=1.0, specular=0.0),
}


class BuiltinAssets:
    """Procedural objects, rooms and cabinets; the robots as ``descriptions`` says."""

    kind = "builtin"

    def robot(self, facts: RobotFacts, version: str) -> Path:  # noqa: ARG002
        """Return a robot's description (there are no recolourings)."""
        return descriptions.ROBOTS[facts.name]()

    def station(self, name: str) -> Path:
        """Return a cabinet's description."""
        return descriptions.station(name)

    def body(self, name: str, density: float | None = None, *, matte: bool = False) -> BodyModel:
        """Return an object."""
        if name not in OBJECTS:
            raise UnknownNameError("object model", name, OBJECTS)
        collisions, visuals = shapes(name)
        return BodyModel(
            name,
            collisions,
            visuals,
            surface=_SURFACE,
            density=OBJECTS[name].density if density is None else density,
            damping=0.0 if name == "sink" else _DAMPING,
            matte=matte,
        )

    def arena(self, name: str, background: str) -> Sequence[tuple[BodyModel, Pose]]:
        """Return a table (or the floor of the drawers) in a plain room."""
        look = next((w for key, w in _WALLS.items() if key and key in background), _WALL)
        walls = (
            Shape("box", (0.02, 4.0, 2.0), pose=Pose.of((-1.6, 0.0, 1.5)), look=look),
            Shape("box", (4.0, 0.02, 2.0), pose=Pose.of((0.0, 1.9, 1.5)), look=look),
            Shape("box", (4.0, 0.02, 2.0), pose=Pose.of((0.0, -1.9, 1.5)), look=look),
            Shape("box", (4.0, 4.0, 0.01), pose=Pose.of((0.0, 0.0, -0.02)), look=_FLOOR),
        )
        room = (BodyModel("room", (), walls, static=True), Pose.of())
        table = wood(dark="cabinet" in background)
        return [*slab(name, None, Look(texture=table, roughness=0.7, specular=0.1), _FLOOR), room]

    def photo(self, name: str) -> Path | None:  # noqa: ARG002
        """Return nothing: the room is simulated."""
        return None

    def stand_ins(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: all is ours, which ``assets="builtin"`` says."""
        return ()
