"""Google Robot: move one of three objects near another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from vla_gym_sapien.poses import F64, Pose, euler_quaternion, rotate

from vla_gym_simpler.facts import robots, scenes
from vla_gym_simpler.facts.objects import FRUIT_DENSITY_MOVE_NEAR, OBJECTS, spoken_name
from vla_gym_simpler.initial import Placed, Setup
from vla_gym_simpler.simulation import Simulation
from vla_gym_simpler.tasks.base import (
    MOVED,
    Judge,
    Options,
    Rng,
    Variant,
    Verdict,
    check_choice,
    check_episode,
    draw_recoloring,
    google_base,
    google_initial,
    horizontal,
)

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
_ROBOT_XY, _ROBOT_YAW = (0.35, 0.21), -0.09
_CONTACT_OFFSET = 0.005
_QUARTER = np.pi / 2
_FALLEN_OTHER, _FALLEN_PAIR = -0.02, -0.15  # m below where it settled
_NEAR, _CLOSEST_TOLERANCE = 0.10, 0.01  # m

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


@dataclass(frozen=True)
class MoveNear:
    """The task.

    Attributes:
        form: Of the object models; ``None``: ``"v1"`` with an overlay, ``"unbaked"`` without.
        third: Whether the third object is there.
    """

    form: str | None = None
    third: bool = True
    name: str = "google_robot_move_near"
    robot: str = "google_robot"
    max_steps: int = 80

    @property
    def subtasks(self) -> tuple[str, ...]:
        """The one sub-task."""
        return (self.name,)

    @property
    def episodes(self) -> int:
        """Number of official episodes."""
        return EPISODES

    def draw(self, seed: int, options: Options, variant: Variant) -> Setup:
        """Return where an episode begins."""
        version = draw_recoloring(Rng(seed), variant)
        episode = check_episode(self.name, options.episode, EPISODES)
        if episode is None:
            episode = int(Rng(seed).randint(EPISODES))
        form = self.form or ("v1" if variant.overlay else "unbaked")
        things = TRIPLETS[episode // _PER_TRIPLET]
        layout = LAYOUTS[episode % _PER_TRIPLET // len(PAIRS)]
        source, target = PAIRS[episode % len(PAIRS)]
        kept = range(3) if self.third else sorted((source, target))
        objects = tuple(_placed(things[i], layout[i], form) for i in kept)
        names = [model_name(things[i], form) for i in (source, target)]
        spoken = [spoken_name(name) for name in names]
        tilt = robots.GOOGLE_HEAD_TILTS
        head = {"joint_head_tilt": tilt[variant.camera]} if variant.camera else {}
        yaw = _ROBOT_YAW if options.robot_yaw is None else options.robot_yaw
        return Setup(
            robot=robots.GOOGLE,
            version=version,
            base=google_base(options.robot_xy or _ROBOT_XY, yaw),
            initial=google_initial(head),
            camera=robots.GOOGLE.camera,
            arena="google",
            lighting=scenes.TABLETOP_LIGHTING[
                check_choice("lighting", variant.lighting, scenes.TABLETOP_LIGHTING)
            ],
            contact_offset=_CONTACT_OFFSET,
            instructions=(f"move {spoken[0]} near {spoken[1]}",),
            background=variant.background,
            objects=objects,
            photo="google_move_near_real_eval_1.png" if variant.overlay else "",
            matte=form == "v1",
            roles={"source": names[0], "target": names[1]},
            details={"episode_id": episode},
        )

    def judge(self, simulation: Simulation) -> MoveNearJudge:
        """Return the judge of an episode that begins now."""
        roles = simulation.setup.roles
        return MoveNearJudge(simulation.settled, roles["source"], roles["target"])


def _placed(thing: str, xy: tuple[float, float], form: str) -> Placed:
    density = FRUIT_DENSITY_MOVE_NEAR if thing in ("apple", "orange") else None
    return Placed(model_name(thing, form), xy, _turn(thing), density)


class MoveNearJudge(Judge):
    """The official rules."""

    def __init__(self, settled: Mapping[str, Pose], source: str, target: str) -> None:
        self._start, self.source, self.target = settled, source, target
        sizes = {n: rotate(p.q, np.array(OBJECTS[n].size)) for n, p in settled.items()}
        halves = [float(np.linalg.norm(sizes[n][:2] / 2)) for n in (source, target)]
        self._reach = sum(halves) + _NEAR

    def judge(self, simulation: Simulation, _steps: int, /) -> Verdict:
        """Return the official ``info`` of a step."""
        origins = {name: body.pose.p for name, body in simulation.bodies.items()}
        return self.verdict(origins, {name: simulation.centre(name).p for name in origins})

    def verdict(self, origins: dict[str, F64], centres: dict[str, F64]) -> Verdict:
        """Return the verdict on the bodies' origins and centres of mass."""
        pair = (self.source, self.target)
        others = [name for name in origins if name not in pair]
        moved = horizontal(self._start[self.source].p, centres[self.source])
        rest = [
            horizontal(self._start[name].p, origins[name])
            for name in origins
            if name != self.source
        ]
        gap = horizontal(centres[self.source], centres[self.target])
        gaps = [horizontal(centres[self.source], centres[name]) for name in others]
        now = {
            "all_obj_keep_height": self._standing(origins, others, _FALLEN_OTHER)
            and self._standing(origins, pair, _FALLEN_PAIR),
            "moved_correct_obj": moved > MOVED and all(other < moved for other in rest),
            "moved_wrong_obj": any(d > MOVED for d in rest) and any(d > moved for d in rest),
            "near_tgt_obj": gap < self._reach,
            "is_closest_to_tgt": all(gap < other + _CLOSEST_TOLERANCE for other in gaps),
        }
        wanted = ("all_obj_keep_height", "moved_correct_obj", "near_tgt_obj", "is_closest_to_tgt")
        return {**now, "success": all(now[k] for k in wanted), "episode_stats": dict(now)}

    def _standing(self, origins: dict[str, F64], names: object, limit: float) -> bool:
        return all(
            float(origins[name][2] - self._start[name].p[2]) > limit
            for name in names  # type: ignore[attr-defined]
        )
