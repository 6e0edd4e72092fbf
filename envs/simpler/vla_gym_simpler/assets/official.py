"""The official files under the asset root, and stand-ins for those that may be absent.

Files of more than about 4 MB are missing from some copies of the repository: table stages and a
few meshes. A missing table is replaced by a slab of the same height (recovered from genuine runs)
and a missing visual mesh by the object's collision mesh; both are named in the protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vla_gym_sapien.interface import BodyModel, Look, Shape, Surface
from vla_gym_sapien.poses import Pose

from vla_gym.assets import asset_root
from vla_gym.errors import AssetError, UnknownNameError
from vla_gym_simpler.assets.arenas import room_files, slab
from vla_gym_simpler.facts.objects import OBJECTS
from vla_gym_simpler.facts.robot import RobotFacts
from vla_gym_simpler.facts.robots import ROBOTS

_FOLDER = "ManiSkill2_real2sim"
_DESCRIPTIONS = f"{_FOLDER}/mani_skill2_real2sim/assets/descriptions"
_DATA = f"{_FOLDER}/data"
_ROOMS = "hab2_bench_assets/stages"
_OBJECT_SURFACE = Surface(0.5)
_OBJECT_DAMPING = 0.1
_VISUALS = ("textured.obj", "textured.dae", "textured.glb")
_UNTEXTURED = Look(color=(0.35, 0.2, 0.45), roughness=0.6)


def descriptions() -> Path:
    """Return the folder of robot descriptions."""
    return asset_root() / _DESCRIPTIONS


def data() -> Path:
    """Return the folder of objects, stations, stages and photographs."""
    return asset_root() / _DATA


def robot_files_are_there(robot: str) -> bool:
    """Whether the official description of a robot and the photographs are there."""
    urdf = descriptions() / ROBOTS[robot].urdf.format(version="")
    return urdf.is_file() and (data() / "custom" / "models").is_dir()


class OfficialAssets:
    """Official files.

    Args:
        robot: Whose tasks they are for.
    """

    kind = "official"

    def __init__(self, robot: str) -> None:
        if not robot_files_are_there(robot):
            raise AssetError(
                f"The official files of {robot} are not in {asset_root()} (looked for "
                f"{_DESCRIPTIONS} and {_DATA}). Fix: `vla-gym assets fetch simpler`, or set "
                "VLA_GYM_ASSETS to a directory that holds them, or use assets='builtin'."
            )
        self._models = data() / "custom" / "models"

    def robot(self, facts: RobotFacts, version: str) -> Path:
        """Return a robot's description."""
        return descriptions() / facts.urdf.format(version=f"_{version}" if version else "")

    def station(self, name: str) -> Path:
        """Return a cabinet's description."""
        return data() / "custom" / f"{name}.urdf"

    def body(self, name: str, density: float | None = None, *, matte: bool = False) -> BodyModel:
        """Return an object; its visual mesh falls back to the collision mesh."""
        if name not in OBJECTS:
            raise UnknownNameError("object model", name, OBJECTS)
        facts, folder = OBJECTS[name], self._models / name
        collision = folder / "collision.obj"
        visual = self._visual(name)
        drawn = Shape("mesh", file=visual or collision, look=None if visual else _UNTEXTURED)
        fixed = name == "sink"
        return BodyModel(
            name,
            (Shape("hulls" if facts.split else "mesh", file=collision),),
            (drawn,),
            surface=_OBJECT_SURFACE,
            density=facts.density if density is None else density,
            damping=0.0 if fixed else _OBJECT_DAMPING,
            matte=matte,
        )

    def arena(self, name: str, background: str) -> Sequence[tuple[BodyModel, Pose]]:
        """Return table, floor and room."""
        room = data() / _ROOMS / f"{background}.glb"
        return slab(name, room if background and room.is_file() else None)

    def photo(self, name: str) -> Path | None:
        """Return an overlay photograph."""
        return data() / "real_inpainting" / name

    def stand_ins(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return which of these (objects and arenas) are stood in for."""
        objects = [n for n in names if n in OBJECTS and self._visual(n) is None]
        rooms = data() / _ROOMS
        arenas = [
            file for n in names for file in room_files(n) if not (rooms / f"{file}.glb").is_file()
        ]
        return tuple(sorted({*objects, *arenas}))

    def _visual(self, name: str) -> Path | None:
        files = (self._models / name / file for file in _VISUALS)
        return next((file for file in files if file.is_file()), None)
