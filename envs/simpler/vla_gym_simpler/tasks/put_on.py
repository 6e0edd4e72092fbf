"""WidowX: put a spoon, a carrot, a cube or an eggplant onto (or into) its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from vla_gym_sapien.interface import Lighting
from vla_gym_sapien.poses import Pose, euler_quaternion

from vla_gym_simpler.facts import scenes
from vla_gym_simpler.facts.robot import RobotFacts
from vla_gym_simpler.facts.widowx import WIDOWX, WIDOWX_SINK
from vla_gym_simpler.initial import InitialState, Placed
from vla_gym_simpler.options import PutOnOptions
from vla_gym_simpler.reset_options import XY, ResetOptions
from vla_gym_simpler.simulation import Simulation
from vla_gym_simpler.success import PutOnJudge, PutOnRule
from vla_gym_simpler.tasks.base import Rng, Task

_CENTRE = (-0.16, 0.0)  # m
_CONTACT_OFFSET = 0.005  # m
_IDENTITY = (0.0, 0.0, 0.0)


def _corners(half_edge: float) -> list[XY]:
    """Return the corners of a square about the centre: (-,-), (-,+), (+,-), (+,+)."""
    signs = product((-1, 1), repeat=2)
    return [(_CENTRE[0] + sx * half_edge, _CENTRE[1] + sy * half_edge) for sx, sy in signs]


def _corner_pairs(*half_edges: float) -> tuple[tuple[XY, XY], ...]:
    """Return all ordered pairs of different corners, square by square."""
    return tuple(
        (source, target)
        for edge in half_edges
        for source, target in permutations(_corners(edge), 2)
    )


def _sink_pairs() -> tuple[tuple[XY, XY], ...]:
    """Return positions of the eggplant; the plane in the basket stays where it is."""
    places = product((-0.115, -0.095), np.linspace(0.191, 0.221, 4).tolist())
    return tuple(((x, y), (-0.125, 0.025)) for x, y in places)


@dataclass(frozen=True)
class PutOnFacts:
    """What makes one put-on task differ from another.

    Attributes:
        name: One of ``facts.tasks.TASKS``.
        instruction: What the policy is told.
        rule: What lies on what in the end.
        places: Positions of source and target of the official episodes, m.
        turns: Euler angles of the source, rad.
        robot: As it stands there.
        arena: Where it happens.
        photo: Overlay photograph.
        lighting: The usual light.
        fixed: Things that never move; the photograph shows them and the target.
    """

    name: str
    instruction: str
    rule: PutOnRule
    places: tuple[tuple[XY, XY], ...]
    turns: tuple[tuple[float, float, float], ...]
    robot: RobotFacts = WIDOWX
    arena: str = "bridge"
    photo: str = "bridge_real_eval_1.png"
    lighting: Lighting = scenes.TABLETOP_LIGHTING["default"]
    fixed: tuple[tuple[str, Pose], ...] = ()


class PutOn(Task[PutOnOptions]):
    """A put-on task."""

    @property
    def scene(self) -> PutOnFacts:
        """What makes it differ from the others."""
        return PUT_ON[self.name]

    @property
    def robot(self) -> RobotFacts:
        """The robot that does it, as it stands there."""
        return self.scene.robot

    @property
    def episodes(self) -> int:
        """Number of official episodes."""
        return len(self.scene.places) * len(self.scene.turns)

    def draw(self, seed: int, reset: ResetOptions) -> InitialState:
        """Return where an episode begins."""
        scene, options, robot = self.scene, self.options, self.robot
        episode = self.checked(reset.episode)
        if episode is None:
            episode = int(Rng(seed).randint(self.episodes))
        source, target = scene.rule.source, scene.rule.target
        usual = options.lighting == "default"
        return InitialState(
            robot=robot,
            version="",
            base=robot.base(reset.robot_xy, reset.robot_yaw or 0.0),
            posture=robot.initial,
            arena=scene.arena,
            lighting=scene.lighting if usual else scenes.TABLETOP_LIGHTING[options.lighting],
            contact_offset=_CONTACT_OFFSET,
            instructions=(scene.instruction,),
            background=options.room,
            objects=_objects(scene, episode),
            fixed=scene.fixed,
            photo=scene.photo if options.overlay else "",
            behind=(*(name for name, _ in scene.fixed), target) if scene.fixed else (),
            roles={"source": source, "target": target},
            details={"episode_id": episode},
        )

    def judge(self, simulation: Simulation) -> PutOnJudge:
        """Return the judge of an episode that begins now."""
        return PutOnJudge(self.scene.rule, simulation.settled)


def _objects(scene: PutOnFacts, episode: int) -> tuple[Placed, ...]:
    """Return source and target of an official episode."""
    source, target = scene.places[episode // len(scene.turns)]
    turn = scene.turns[episode % len(scene.turns)]
    return (
        Placed(scene.rule.source, source, euler_quaternion(*turn)),
        Placed(scene.rule.target, target, euler_quaternion(*_IDENTITY)),
    )


_QUARTER = np.pi / 2

SPOON = PutOnFacts(
    name="widowx_spoon_on_towel",
    instruction="put the spoon on the towel",
    rule=PutOnRule(
        "bridge_spoon_generated_modified",
        "table_cloth_generated_shorter",
        held_counts=False,
    ),
    places=_corner_pairs(0.075),
    turns=((0.0, 0.0, 0.0), (0.0, 0.0, _QUARTER)),
)
CARROT = PutOnFacts(
    name="widowx_carrot_on_plate",
    instruction="put carrot on plate",
    rule=PutOnRule(
        "bridge_carrot_generated_modified",
        "bridge_plate_objaverse_larger",
        held_counts=True,
    ),
    places=_corner_pairs(0.075),
    turns=((0.0, 0.0, np.pi), (0.0, 0.0, -_QUARTER)),
)
STACK = PutOnFacts(
    name="widowx_stack_cube",
    instruction="stack the green block on the yellow block",
    rule=PutOnRule(
        "baked_green_cube_3cm",
        "baked_yellow_cube_3cm",
        held_counts=True,
    ),
    places=_corner_pairs(0.05, 0.10),
    turns=((0.0, 0.0, 0.0),),
)
EGGPLANT = PutOnFacts(
    name="widowx_put_eggplant_in_basket",
    instruction="put eggplant into yellow basket",
    rule=PutOnRule(
        "eggplant",
        "dummy_sink_target_plane",
        held_counts=False,
        height_margin=0.06,
    ),
    places=_sink_pairs(),
    turns=((0.0, 0.0, 0.0), (0.0, 0.0, np.pi / 4), (0.0, 0.0, -np.pi / 4)),
    robot=WIDOWX_SINK,
    arena="sink",
    photo="bridge_sink.png",
    lighting=scenes.SINK_LIGHTING,
    fixed=(("sink", Pose.of(scenes.SINK_POSE)),),
)
PUT_ON: Mapping[str, PutOnFacts] = {one.name: one for one in (SPOON, CARROT, STACK, EGGPLANT)}
"""The put-on tasks by name."""
