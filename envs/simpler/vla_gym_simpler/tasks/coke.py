"""Google Robot: pick up a coke can that lies across, along, or stands."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from vla_gym_sapien.grasping import touches_only
from vla_gym_sapien.poses import F64, Pose, euler_quaternion

from vla_gym_simpler.facts import robots, scenes
from vla_gym_simpler.initial import Placed, Setup
from vla_gym_simpler.simulation import ROBOT, Simulation
from vla_gym_simpler.tasks.base import (
    Ever,
    GraspCounter,
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
)

CAN = "opened_coke_can"
ORIENTATIONS = ("standing", "vertical", "horizontal")
"""In the order that the official environment draws from."""
OFFICIAL_ORIENTATIONS = {
    "standing": "upright",
    "vertical": "laid_vertically",
    "horizontal": "lr_switch",
}
_EULER = {
    "standing": (np.pi / 2, 0.0, 0.0),
    "vertical": (0.0, 0.0, np.pi / 2),
    "horizontal": (0.0, 0.0, np.pi),
}
_X, _Y = (-0.35, -0.12), (-0.02, 0.42)  # where the can may be, m
GRID = tuple(product(np.linspace(*_X, 5).tolist(), np.linspace(*_Y, 5).tolist()))
_ROBOT_XY = (0.35, 0.20)
_LIFTED, _LIFTED_HIGH = 0.01, 0.02  # m of height gained
_HIGH_STEPS = 5

# Where distractors are dropped (m): grasp_single_in_scene.py of ManiSkill2_real2sim.
_AROUND = 0.3  # of the can, in x and y
_DISTRACTOR_AREA = (-0.50, 0.05), (-0.10, 0.35)  # lower and upper corner, x and y
_DISTRACTOR_GAP = 0.25

DISTRACTORS = {
    "less": ("opened_pepsi_can", "apple", "sponge", "orange"),
    "more": (
        "opened_7up_can",
        "opened_sprite_can",
        "sponge",
        "orange",
        "opened_fanta_can",
        "bridge_spoon_generated_modified",
    ),
}


@dataclass(frozen=True)
class PickCoke:
    """The task; ``orientation`` ``None`` draws one an episode."""

    orientation: str | None = None
    name: str = "google_robot_pick_coke_can"
    robot: str = "google_robot"
    max_steps: int = 80

    def __post_init__(self) -> None:
        if self.orientation is not None:
            check_choice("orientation", self.orientation, ORIENTATIONS)

    @property
    def subtasks(self) -> tuple[str, ...]:
        """The one sub-task."""
        return (self.name,)

    @property
    def episodes(self) -> int:
        """Number of official episodes for each orientation."""
        return len(GRID)

    def draw(self, seed: int, options: Options, variant: Variant) -> Setup:
        """Return where an episode begins."""
        # The official environment seeds anew before each of: recolouring, orientation, position.
        version, rng = draw_recoloring(Rng(seed), variant), Rng(seed)
        episode = check_episode(self.name, options.episode, self.episodes)
        xy = options.xy if episode is None else GRID[episode]
        if xy is None:
            xy = tuple(rng.uniform((_X[0], _Y[0]), (_X[1], _Y[1])).tolist())
        orientation = options.orientation or self.orientation
        if orientation is None:
            orientation = ORIENTATIONS[Rng(seed).choice(len(ORIENTATIONS))]
        turn = euler_quaternion(*_EULER[check_choice("orientation", orientation, ORIENTATIONS)])
        head = robots.GOOGLE_HEAD_TILTS
        tilt = {"joint_head_tilt": head[variant.camera]} if variant.camera else {}
        return Setup(
            robot=robots.GOOGLE,
            version=version,
            base=google_base(options.robot_xy or _ROBOT_XY, options.robot_yaw or 0.0),
            initial=google_initial(tilt),
            camera=robots.GOOGLE.camera,
            arena="google",
            lighting=scenes.TABLETOP_LIGHTING[
                check_choice("lighting", variant.lighting, scenes.TABLETOP_LIGHTING)
            ],
            contact_offset=0.02,
            instructions=("pick coke can",),
            background=variant.background,
            objects=(Placed(CAN, xy, turn), *_scatter(variant.distractors, xy, turn, rng)),
            together=False,
            photo="google_coke_can_real_eval_1.png" if variant.overlay else "",
            roles={"object": CAN},
            details={"orientation": orientation, "episode_id": -1 if episode is None else episode},
        )

    def judge(self, simulation: Simulation) -> CokeJudge:
        """Return the judge of an episode that begins now."""
        return CokeJudge(simulation.settled[CAN])


def _scatter(
    models: tuple[str, ...], xy: tuple[float, float], turn: F64, rng: Rng
) -> tuple[Placed, ...]:
    """Return distractors as the official environment drops them: around the can, turned alike."""
    return tuple(Placed(model, _spot_beside(xy, rng), turn) for model in models)


def _spot_beside(xy: tuple[float, float], rng: Rng) -> tuple[float, float]:
    """Return a drawn place on the table that is far enough from the can."""
    while True:
        spot = np.clip(np.array(xy) + rng.uniform(-_AROUND, _AROUND, 2), *_DISTRACTOR_AREA)
        if np.linalg.norm(spot - xy) > _DISTRACTOR_GAP:
            return float(spot[0]), float(spot[1])


@dataclass
class CokeJudge(Judge):
    """The official rules; remembers whether the can was lifted during this grasp.

    Attributes:
        start: Pose of the can after settling.
    """

    start: Pose

    def __post_init__(self) -> None:
        self._grasps, self._ever = GraspCounter(), Ever()
        self._lifted, self._high_steps = False, 0

    def judge(self, simulation: Simulation, _steps: int, /) -> Verdict:
        """Return the official ``info`` of a step."""
        free = touches_only(simulation.contacts(), CAN, robot=ROBOT)
        height = float(simulation.bodies[CAN].pose.p[2] - self.start.p[2])
        return self.verdict(height, simulation.grasps(CAN), free)

    def verdict(self, height: float, grasped: bool, free: bool) -> Verdict:
        """Return the verdict on height gained (m), grasp, and touching nothing else."""
        consecutive = self._grasps.see(grasped)
        if not grasped:
            self._lifted = False
        self._lifted = self._lifted or (free and height > _LIFTED)
        high = self._lifted and height > _LIFTED_HIGH
        self._high_steps += int(high)
        stats = {
            "n_lift_significant": self._high_steps,
            "consec_grasp": self._ever.see("consecutive", consecutive),
            "grasped": self._ever.see("grasped", grasped),
        }
        return {
            "is_grasped": grasped,
            "consecutive_grasp": consecutive,
            "lifted_object": self._lifted,
            "lifted_object_significantly": high,
            "success": self._lifted or self._high_steps >= _HIGH_STEPS,
            "episode_stats": stats,
        }
