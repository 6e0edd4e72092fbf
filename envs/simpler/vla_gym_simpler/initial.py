"""The beginning of an episode as a value: everything that is there before physics starts.

Tasks draw an ``InitialState`` from a seed and reset options without a simulator; ``simulation``
builds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vla_gym_sapien.interface import Lighting
from vla_gym_sapien.poses import F64, Pose

from vla_gym_simpler.facts.robot import RobotFacts


@dataclass(frozen=True)
class Placed:
    """An object that is dropped onto the table.

    Attributes:
        model: Name of the object model, and of the body.
        xy: World position, m.
        q: Orientation, wxyz.
        density: kg/m^3, where it differs from the model's.
    """

    model: str
    xy: tuple[float, float]
    q: F64
    density: float | None = None


@dataclass(frozen=True)
class Cabinet:
    """A station with three drawers.

    Attributes:
        station: Name of its description (``mk_station_recolor`` ...).
        opened: Positions of joints that are not closed, m.
    """

    station: str
    opened: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class InitialState:
    """Where an episode begins.

    Attributes:
        robot: Which robot.
        version: Its recolouring.
        base: World pose of its base.
        posture: Joint positions of the robot, in official order.
        arena: Table or room: ``"bridge"``, ``"google"``, ``"sink"`` or ``"drawer"``.
        background: Name of another room or table; ``""`` for the usual one.
        lighting: All light.
        contact_offset: Of physics, m.
        instructions: One for each official sub-task.
        objects: Dropped in this order.
        together: All at once; otherwise one after the other.
        fixed: Things that never move.
        cabinet: The station, if there is one.
        photo: Overlay photograph, ``""`` for none.
        behind: Bodies whose pixels show the photograph all the same.
        matte: Objects have no highlights.
        shiny: The robot has the official highlights.
        roles: Which body plays which part (``source``, ``target``, ``object``, ``joint``).
        details: For ``info`` of reset: plain values.
    """

    robot: RobotFacts
    version: str
    base: Pose
    posture: tuple[float, ...]
    arena: str
    lighting: Lighting
    contact_offset: float
    instructions: tuple[str, ...]
    background: str = ""
    objects: tuple[Placed, ...] = ()
    together: bool = True
    fixed: tuple[tuple[str, Pose], ...] = ()
    cabinet: Cabinet | None = None
    photo: str = ""
    behind: tuple[str, ...] = ()
    matte: bool = False
    shiny: bool = True
    roles: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)
