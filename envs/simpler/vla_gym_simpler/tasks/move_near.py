"""Google Robot: move one of three objects near another."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from vla_gym_sapien.poses import F64, euler_quaternion

from vla_gym_simpler.facts import scenes
from vla_gym_simpler.facts.google_robot import HEAD_TILTS
from vla_gym_simpler.facts.objects import FRUIT_DENSITY_MOVE_NEAR, spoken_name
from vla_gym_simpler.initial import InitialState, Placed
from vla_gym_simpler.options import MoveNearOptions
from vla_gym_simpler.reset_options import ResetOptions
from vla_gym_simpler.simulation import Simulation
from vla_gym_simpler.success import MoveNearJudge
from vla_gym_simpler.tasks.base import Rng, Task, draw_recoloring

TRIPLETS = (
    ("blue_plastic_bottle", "pepsi_can", "orange"),
    ("7up_can", "apple", "sponge"),
    ("coke_can", "redbull_can", "apple"),
    ("sponge", "blue_plastic_bottle", "7up_can"),
    ("orange", "pepsi_can", "redbull_can"),
)
LAYOUTS = (
    ((-0.33, 0.04), (-0.33, 0.34), (-0.13, 0.19)),
    ((-0.13, 0.04), (-0.33, 0.19), (-0.13, 0.34)),
)
PAIRS = tuple(permutations(range(3), 2))
"""(source, target) by index in the triplet."""
_PER_TRIPLET = len(PAIRS) * len(LAYOUTS)
EPISODES = len(TRIPLETS) * _PER_TRIPLET
_ROBOT_XY, _ROBOT_YAW = (0.35, 0.21), -0.09  # m, rad
_CONTACT_OFFSET = 0.005  # m
_QUARTER = np.pi / 2

_FORMS = {
    "unbaked": ("opened_{}", "{}"),
    "v0": ("baked_opened_{}", "baked_{}"),
    "v1": ("baked_opened_{}_v2", "baked_{}_v2"),
}
"""Model names of cans and of other things; bottle and orange have one form."""


def model_name(thing: str, form: str) -> str:
    """Return the model of a thing in a form (``"unbaked"``, ``"v0"`` or ``"v1"``)."""
    if thing in ("blue_plastic_bottle", "orange"):
        return thing
    return _FORMS[form][0 if thing.endswith("_can") else 1].format(thing)


def _turn(thing: str) -> F64:
    if thing.endswith("_can"):
        return euler_quaternion(_QUARTER, 0.0, 0.0)
    if thing == "blue_plastic_bottle":
        return euler_quaternion(_QUARTER, 0.0, _QUARTER)
    return euler_quaternion(0.0, 0.0, 0.0 if thing == "apple" else _QUARTER)


class MoveNear(Task[MoveNearOptions]):
    """The task."""

    @property
    def episodes(self) -> int:
        """Number of official episodes."""
        return EPISODES

    def draw(self, seed: int, reset: ResetOptions) -> InitialState:
        """Return where an episode begins."""
        options, robot = self.options, self.robot
        version = draw_recoloring(Rng(seed), options.robot_variant, overlay=options.overlay)
        episode = self.checked(reset.episode)
        if episode is None:
            episode = int(Rng(seed).randint(EPISODES))
        form = options.objects or ("v1" if options.overlay else "unbaked")
        objects, names = _objects(episode, form, third=options.distractors != "none")
        spoken = [spoken_name(name) for name in names]
        tilt = {"joint_head_tilt": HEAD_TILTS[options.camera]} if options.camera else {}
        yaw = _ROBOT_YAW if reset.robot_yaw is None else reset.robot_yaw
        return InitialState(
            robot=robot,
            version=version,
            base=robot.base(reset.robot_xy or _ROBOT_XY, yaw),
            posture=robot.posture(tilt),
            arena="google",
            lighting=scenes.TABLETOP_LIGHTING[options.lighting],
            contact_offset=_CONTACT_OFFSET,
            instructions=(f"move {spoken[0]} near {spoken[1]}",),
            background=options.room,
            objects=objects,
            photo="google_move_near_real_eval_1.png" if options.overlay else "",
            matte=form == "v1",
            roles={"source": names[0], "target": names[1]},
            details={"episode_id": episode},
        )

    def judge(self, simulation: Simulation) -> MoveNearJudge:
        """Return the judge of an episode that begins now."""
        roles = simulation.initial.roles
        return MoveNearJudge(simulation.settled, roles["source"], roles["target"])


def _objects(episode: int, form: str, *, third: bool) -> tuple[tuple[Placed, ...], tuple[str, str]]:
    """Return what lies where, and the names of source and target."""
    things = TRIPLETS[episode // _PER_TRIPLET]
    layout = LAYOUTS[episode % _PER_TRIPLET // len(PAIRS)]
    source, target = PAIRS[episode % len(PAIRS)]
    kept = range(3) if third else sorted((source, target))
    names = model_name(things[source], form), model_name(things[target], form)
    return tuple(_placed(things[i], layout[i], form) for i in kept), names


def _placed(thing: str, xy: tuple[float, float], form: str) -> Placed:
    density = FRUIT_DENSITY_MOVE_NEAR if thing in ("apple", "orange") else None
    return Placed(model_name(thing, form), xy, _turn(thing), density)
