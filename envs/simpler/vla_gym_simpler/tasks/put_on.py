"""WidowX: put a spoon, a carrot, a cube or an eggplant onto (or into) its target."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from vla_gym_sapien.grasping import touches_only
from vla_gym_sapien.poses import F64, Pose, euler_quaternion, rotate

from vla_gym_simpler.facts import robots, scenes
from vla_gym_simpler.facts.objects import OBJECTS
from vla_gym_simpler.initial import Placed, Setup
from vla_gym_simpler.simulation import ROBOT, Simulation
from vla_gym_simpler.tasks.base import (
    MOVED,
    Ever,
    GraspCounter,
    Judge,
    Options,
    Rng,
    Variant,
    Verdict,
    check_choice,
    check_episode,
    google_base,
    horizontal,
)

XY = tuple[float, float]

_CENTRE = (-0.16, 0.0)
_CONTACT_OFFSET = 0.005
_XY_MARGIN = 0.003  # m
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
class PutOn:
    """A put-on task.

    Attributes:
        source: Object model to be moved.
        target: Object model to put it on.
        places: Positions of source and target of the official episodes.
        turns: Euler angles of the source, rad.
        held_counts: The source may still be held by the gripper, but touch nothing else; without
            it contacts do not matter.
        height_margin: Largest gap between source and target, m.
        sink: Whether it happens in the sink set-up.
    """

    name: str
    instruction: str
    source: str
    target: str
    places: tuple[tuple[XY, XY], ...]
    turns: tuple[tuple[float, float, float], ...]
    held_counts: bool
    height_margin: float = 0.02
    sink: bool = False
    max_steps: int = 60
    robot: str = "widowx"

    @property
    def subtasks(self) -> tuple[str, ...]:
        """The one sub-task."""
        return (self.name,)

    @property
    def episodes(self) -> int:
        """Number of official episodes."""
        return len(self.places) * len(self.turns)

    def draw(self, seed: int, options: Options, variant: Variant) -> Setup:
        """Return where an episode begins."""
        episode = check_episode(self.name, options.episode, self.episodes)
        if episode is None:
            episode = int(Rng(seed).randint(self.episodes))
        (source_xy, target_xy), turn = self._place(episode)
        lighting = check_choice("lighting", variant.lighting, scenes.TABLETOP_LIGHTING)
        usual = scenes.SINK_LIGHTING if self.sink else scenes.TABLETOP_LIGHTING["default"]
        sink_pose = Pose.of(scenes.SINK_POSE)
        x, y, z = robots.WIDOWX_SINK_BASE if self.sink else robots.WIDOWX_BASE
        x, y = options.robot_xy or (x, y)
        heading = google_base((x, y), options.robot_yaw or 0.0).q
        return Setup(
            robot=robots.WIDOWX,
            version="",
            base=Pose.of((x, y, z), heading),
            initial=robots.WIDOWX_SINK_INITIAL if self.sink else robots.WIDOWX.initial,
            camera=robots.WIDOWX_SINK_CAMERA if self.sink else robots.WIDOWX.camera,
            arena="sink" if self.sink else "bridge",
            lighting=usual if lighting == "default" else scenes.TABLETOP_LIGHTING[lighting],
            contact_offset=_CONTACT_OFFSET,
            instructions=(self.instruction,),
            background=variant.background,
            objects=(
                Placed(self.source, source_xy, euler_quaternion(*turn)),
                Placed(self.target, target_xy, euler_quaternion(*_IDENTITY)),
            ),
            fixed=(("sink", sink_pose),) if self.sink else (),
            photo=self._photo if variant.overlay else "",
            behind=("sink", self.target) if self.sink else (),
            roles={"source": self.source, "target": self.target},
            details={"episode_id": episode},
        )

    def judge(self, simulation: Simulation) -> PutOnJudge:
        """Return the judge of an episode that begins now."""
        return PutOnJudge(self, simulation)

    @property
    def _photo(self) -> str:
        return "bridge_sink.png" if self.sink else "bridge_real_eval_1.png"

    def _place(self, episode: int) -> tuple[tuple[XY, XY], tuple[float, float, float]]:
        turns = len(self.turns)
        return self.places[episode % self.episodes // turns], self.turns[episode % turns]


class PutOnJudge(Judge):
    """The official rules of put-on tasks.

    Args:
        task: Which task.
        simulation: The episode, settled.
    """

    def __init__(self, task: PutOn, simulation: Simulation) -> None:
        self._task, self._start = task, simulation.settled
        self.source_size = _turned_size(task.source, self._start[task.source])
        self.target_size = _turned_size(task.target, self._start[task.target])
        self._grasps, self._ever = GraspCounter(), Ever()

    def judge(self, simulation: Simulation, _steps: int, /) -> Verdict:
        """Return the official ``info`` of a step."""
        task = self._task
        grasped = simulation.grasps(task.source)
        alone = not task.held_counts or touches_only(
            simulation.contacts(), task.source, robot=ROBOT, also=task.target
        )
        positions = {name: simulation.centre(name).p for name in (task.source, task.target)}
        return self.verdict(positions, simulation.bodies[task.target].pose.p, grasped, alone)

    def verdict(
        self, centres: dict[str, F64], target_origin: F64, grasped: bool, alone: bool
    ) -> Verdict:
        """Return the verdict on centres of mass, the target's origin, grasp and contacts."""
        task = self._task
        moved = horizontal(self._start[task.source].p, centres[task.source])
        other = horizontal(self._start[task.target].p, target_origin)
        consecutive = self._grasps.see(grasped)
        on_target = alone and self._rests(centres[task.source] - centres[task.target])
        now = {
            "moved_correct_obj": moved > MOVED and other < moved,
            "moved_wrong_obj": other > MOVED and other > moved,
            "is_src_obj_grasped": grasped,
            "consecutive_grasp": consecutive,
            "src_on_target": on_target,
        }
        stats = {
            **now,
            "is_src_obj_grasped": self._ever.see("grasped", grasped),
            "consecutive_grasp": self._ever.see("consecutive", consecutive),
        }
        return {**now, "episode_stats": stats, "success": on_target}

    def _rests(self, offset: F64) -> bool:
        """Whether the source lies on the target, by bounding boxes."""
        reach = float(np.linalg.norm(self.target_size[:2] / 2)) + _XY_MARGIN
        gap = offset[2] - self.target_size[2] / 2 - self.source_size[2] / 2
        near = float(np.linalg.norm(offset[:2])) <= reach
        return bool(near and offset[2] > 0 and gap <= self._task.height_margin)


def _turned_size(model: str, pose: Pose) -> F64:
    """Return the bounding box sizes turned as a vector, as the official environments do.

    The result may be negative or odd for turned objects; the rules were tuned with it.
    """
    return rotate(pose.q, np.array(OBJECTS[model].size))


_QUARTER = np.pi / 2

SPOON = PutOn(
    name="widowx_spoon_on_towel",
    instruction="put the spoon on the towel",
    source="bridge_spoon_generated_modified",
    target="table_cloth_generated_shorter",
    places=_corner_pairs(0.075),
    turns=((0.0, 0.0, 0.0), (0.0, 0.0, _QUARTER)),
    held_counts=False,
)
CARROT = PutOn(
    name="widowx_carrot_on_plate",
    instruction="put carrot on plate",
    source="bridge_carrot_generated_modified",
    target="bridge_plate_objaverse_larger",
    places=_corner_pairs(0.075),
    turns=((0.0, 0.0, np.pi), (0.0, 0.0, -_QUARTER)),
    held_counts=True,
)
STACK = PutOn(
    name="widowx_stack_cube",
    instruction="stack the green block on the yellow block",
    source="baked_green_cube_3cm",
    target="baked_yellow_cube_3cm",
    places=_corner_pairs(0.05, 0.10),
    turns=((0.0, 0.0, 0.0),),
    held_counts=True,
)
EGGPLANT = PutOn(
    name="widowx_put_eggplant_in_basket",
    instruction="put eggplant into yellow basket",
    source="eggplant",
    target="dummy_sink_target_plane",
    places=_sink_pairs(),
    turns=((0.0, 0.0, 0.0), (0.0, 0.0, np.pi / 4), (0.0, 0.0, -np.pi / 4)),
    held_counts=False,
    height_margin=0.06,
    sink=True,
    max_steps=120,
)
