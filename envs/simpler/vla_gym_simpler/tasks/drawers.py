"""Google Robot and a cabinet: open a drawer, close a drawer, put an apple into one."""

from __future__ import annotations

from itertools import product
from typing import ClassVar, NamedTuple, TypeVar

import numpy as np
from vla_gym_sapien.interface import Lighting
from vla_gym_sapien.poses import Pose, euler_quaternion

from vla_gym_simpler.facts import scenes
from vla_gym_simpler.facts.google_robot import DRAWER_HEAD
from vla_gym_simpler.facts.tasks import OPEN_DRAWER
from vla_gym_simpler.facts.variants import DRAWERS, USUAL_STATION
from vla_gym_simpler.initial import Cabinet, InitialState, Placed
from vla_gym_simpler.options import CabinetOptions, DrawerOptions
from vla_gym_simpler.reset_options import XY, ResetOptions
from vla_gym_simpler.simulation import Simulation
from vla_gym_simpler.success import AppleJudge, DrawerJudge
from vla_gym_simpler.tasks.base import Rng, Task, draw_recoloring

POSES = {
    "a0": (0.644, -0.179, -0.03),
    "a1": (0.765, -0.182, -0.02),
    "a2": (0.889, -0.203, -0.06),
    "b0": (0.652, 0.009, 0.0),
    "b1": (0.752, 0.009, 0.0),
    "b2": (0.851, 0.035, 0.0),
    "c0": (0.665, 0.224, 0.0),
    "c1": (0.765, 0.222, -0.025),
    "c2": (0.865, 0.222, -0.025),
}
"""Where the robot stands (x, y in m, yaw in rad), one photograph each."""
VARIANT_GRID = tuple(
    product(np.linspace(0.65, 0.85, 3).tolist(), np.linspace(-0.2, 0.2, 3).tolist())
)
APPLE_POSES = ("a0", "b0", "c0")
APPLE_GRID = tuple(
    product(np.linspace(-0.08, -0.02, 3).tolist(), np.linspace(-0.02, 0.08, 3).tolist())
)
APPLE_VARIANT_X = 0.65  # m; y as the drawers' grid: scripts/*_put_in_drawer_variant_agg.sh
_APPLE_AREA = (-0.10, 0.0), (-0.05, 0.10)  # m, lower and upper corner; where no episode is given
_STARTS_OPEN = 0.2  # m, a drawer that is to be closed

Chosen = TypeVar("Chosen", bound=CabinetOptions)


class _Stance(NamedTuple):
    """Where the robot stands and what it looks like: position (m), yaw (rad), photograph."""

    xy: XY
    yaw: float
    photo: str
    version: str


class _AtTheCabinet(Task[Chosen]):
    """What tasks at the cabinet share."""

    def _stance(self, episode: int | None, rng: Rng, poses: tuple[str, ...]) -> _Stance:
        """Return the stance of visual matching.

        The prepackaged evaluation draws (the drawer,) the pose and then the recolouring.
        """
        options = self.options
        drawn = int(rng.choice(len(poses)))
        version = draw_recoloring(rng, options.robot_variant, overlay=options.overlay)
        name = poses[drawn if episode is None else episode]
        x, y, yaw = POSES[name]
        photo = f"open_drawer_{name}.png" if options.overlay else ""
        return _Stance((x, y), yaw, photo, version)

    def _base(self, xy: XY, yaw: float, reset: ResetOptions) -> Pose:
        turned = yaw if reset.robot_yaw is None else reset.robot_yaw
        return self.robot.base(reset.robot_xy or xy, turned)

    def _lighting(self) -> Lighting:
        options = self.options
        usual = options.overlay and options.lighting == "default"
        return scenes.DRAWER_LIGHTING["simple" if usual else options.lighting]

    def _posture(self) -> tuple[float, ...]:
        robot = self.robot
        if self.options.overlay and not self.options.camera:
            return robot.initial
        usual = dict(zip(robot.joints, robot.initial, strict=True))
        return robot.posture({joint: usual[joint] + d for joint, d in DRAWER_HEAD.items()})

    def _station(self) -> str:
        return self.options.station or USUAL_STATION[self.options.setting]


class Drawer(_AtTheCabinet[DrawerOptions]):
    """Open or close a drawer."""

    @property
    def opens(self) -> bool:
        """Whether the drawer is to be opened; otherwise it is to be closed."""
        return self.name == OPEN_DRAWER

    @property
    def episodes(self) -> int:
        """Number of official episodes for each drawer."""
        return len(POSES)

    def draw(self, seed: int, reset: ResetOptions) -> InitialState:
        """Return where an episode begins."""
        options = self.options
        episode, rng = self.checked(reset.episode), Rng(seed)
        drawer = options.drawer or DRAWERS[rng.choice(len(DRAWERS))]
        xy, yaw, photo, version = self._stance(episode, rng, tuple(POSES))
        if not options.overlay:
            place = rng.randint(len(VARIANT_GRID)) if episode is None else episode
            xy, yaw = VARIANT_GRID[place], 0.0
        joint = f"{drawer}_drawer_joint"
        verb = "open" if self.opens else "close"
        return InitialState(
            robot=self.robot,
            version=version,
            base=self._base(xy, yaw, reset),
            posture=self._posture(),
            arena="drawer",
            lighting=self._lighting(),
            contact_offset=0.02,
            instructions=(f"{verb} {drawer} drawer",),
            background=options.room,
            cabinet=Cabinet(self._station(), {} if self.opens else {joint: _STARTS_OPEN}),
            photo=photo,
            shiny=False,
            roles={"joint": joint},
            details={"drawer": drawer, "episode_id": -1 if episode is None else episode},
        )

    def judge(self, simulation: Simulation) -> DrawerJudge:
        """Return the judge of an episode that begins now."""
        return DrawerJudge(self.opens, simulation.initial.roles["joint"])


class PlaceApple(_AtTheCabinet[CabinetOptions]):
    """Open the top drawer, then put the apple into it: two official sub-tasks.

    The first ends at step 100 (or when the policy says so); only the second is judged.
    """

    reset_options: ClassVar[tuple[str, ...]] = ("init_xy",)

    @property
    def episodes(self) -> int:
        """Number of official episodes."""
        return len(APPLE_POSES) * len(APPLE_GRID)

    def draw(self, seed: int, reset: ResetOptions) -> InitialState:
        """Return where an episode begins."""
        options = self.options
        episode = self.checked(reset.episode)
        place = None if episode is None else episode // len(APPLE_GRID)
        xy, yaw, photo, version = self._stance(place, Rng(seed), APPLE_POSES)
        if not options.overlay:
            xy, yaw = (APPLE_VARIANT_X, VARIANT_GRID[place or 0][1]), 0.0
        apple_xy = reset.xy if episode is None else APPLE_GRID[episode % len(APPLE_GRID)]
        if apple_xy is None:
            apple_xy = tuple(Rng(seed).uniform(*_APPLE_AREA).tolist())
        apple = "baked_apple_v2" if options.overlay else "apple"
        return InitialState(
            robot=self.robot,
            version=version,
            base=self._base(xy, yaw, reset),
            posture=self._posture(),
            arena="drawer",
            lighting=self._lighting(),
            contact_offset=0.005,
            instructions=("open top drawer", "place apple into top drawer"),
            background=options.room,
            objects=(Placed(apple, apple_xy, euler_quaternion(0.0, 0.0, 0.0)),),
            cabinet=Cabinet(self._station()),
            photo=photo,
            matte=options.overlay,
            shiny=False,
            roles={"object": apple, "joint": "top_drawer_joint"},
            details={"episode_id": -1 if episode is None else episode},
        )

    def judge(self, simulation: Simulation) -> AppleJudge:
        """Return the judge of an episode that begins now."""
        return AppleJudge(simulation.initial.roles["object"])
