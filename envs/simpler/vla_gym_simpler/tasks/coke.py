"""Google Robot: pick up a coke can that lies across, along, or stands."""

from __future__ import annotations

from itertools import product
from typing import ClassVar

import numpy as np
from vla_gym_sapien.poses import F64, euler_quaternion

from vla_gym_simpler.facts import scenes
from vla_gym_simpler.facts.google_robot import HEAD_TILTS
from vla_gym_simpler.facts.variants import DISTRACTORS, ORIENTATIONS
from vla_gym_simpler.initial import InitialState, Placed
from vla_gym_simpler.options import CokeOptions
from vla_gym_simpler.reset_options import ResetOptions
from vla_gym_simpler.simulation import Simulation
from vla_gym_simpler.success import CokeJudge
from vla_gym_simpler.tasks.base import Rng, Task, draw_recoloring

CAN = "opened_coke_can"
_EULER = {
    "standing": (np.pi / 2, 0.0, 0.0),
    "vertical": (0.0, 0.0, np.pi / 2),
    "horizontal": (0.0, 0.0, np.pi),
}
_X, _Y = (-0.35, -0.12), (-0.02, 0.42)  # where the can may be, m
GRID = tuple(product(np.linspace(*_X, 5).tolist(), np.linspace(*_Y, 5).tolist()))

# Where distractors are dropped (m): grasp_single_in_scene.py of ManiSkill2_real2sim.
_AROUND = 0.3  # of the can, in x and y
_DISTRACTOR_AREA = (-0.50, 0.05), (-0.10, 0.35)  # lower and upper corner, x and y
_DISTRACTOR_GAP = 0.25


class PickCoke(Task[CokeOptions]):
    """The task."""

    reset_options: ClassVar[tuple[str, ...]] = ("init_xy", "orientation")

    @property
    def episodes(self) -> int:
        """Number of official episodes for each orientation."""
        return len(GRID)

    def draw(self, seed: int, reset: ResetOptions) -> InitialState:
        """Return where an episode begins."""
        options, robot = self.options, self.robot
        # The official environment seeds anew before each of: recolouring, orientation, position.
        version = draw_recoloring(Rng(seed), options.robot_variant, overlay=options.overlay)
        rng, episode = Rng(seed), self.checked(reset.episode)
        xy = reset.xy if episode is None else GRID[episode]
        if xy is None:
            xy = tuple(rng.uniform((_X[0], _Y[0]), (_X[1], _Y[1])).tolist())
        orientation = reset.orientation or options.orientation
        if orientation is None:
            orientation = ORIENTATIONS[Rng(seed).choice(len(ORIENTATIONS))]
        turn = euler_quaternion(*_EULER[orientation])
        others = DISTRACTORS.get(options.distractors, ())
        tilt = {"joint_head_tilt": HEAD_TILTS[options.camera]} if options.camera else {}
        return InitialState(
            robot=robot,
            version=version,
            base=robot.base(reset.robot_xy, reset.robot_yaw or 0.0),
            posture=robot.posture(tilt),
            arena="google",
            lighting=scenes.TABLETOP_LIGHTING[options.lighting],
            contact_offset=0.02,
            instructions=("pick coke can",),
            background=options.room,
            objects=(Placed(CAN, xy, turn), *_scatter(others, xy, turn, rng)),
            together=False,
            photo="google_coke_can_real_eval_1.png" if options.overlay else "",
            roles={"object": CAN},
            details={"orientation": orientation, "episode_id": -1 if episode is None else episode},
        )

    def judge(self, simulation: Simulation) -> CokeJudge:
        """Return the judge of an episode that begins now."""
        return CokeJudge(CAN, simulation.settled[CAN])


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
