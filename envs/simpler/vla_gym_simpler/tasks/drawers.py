"""Google Robot and a cabinet: open a drawer, close a drawer, put an apple into one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from vla_gym_sapien.grasping import TOUCH
from vla_gym_sapien.interface import Lighting
from vla_gym_sapien.poses import euler_quaternion

from vla_gym_simpler.facts import robots, scenes
from vla_gym_simpler.initial import Cabinet, Placed, Setup
from vla_gym_simpler.simulation import CABINET, Simulation
from vla_gym_simpler.tasks.base import (
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

DRAWERS = ("top", "middle", "bottom")
STATIONS = {True: "mk_station_recolor", False: "mk_station"}
"""Cabinet of visual matching and of variant aggregation."""

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
_OPENED, _CLOSED, _STARTS_OPEN = 0.15, 0.05, 0.2  # m
_APPLE_OPEN = 0.05  # m
ADVANCE_AFTER = 100
"""Step at which the apple task goes on to its second sub-task by itself."""
_DRAWER_FLOOR = 2
"""Index of the collision shape of a drawer that the apple must have touched."""


def _stance(
    episode: int | None, rng: Rng, poses: tuple[str, ...], variant: Variant
) -> tuple[tuple[float, float], float, str, str]:
    """Return the robot's position, yaw, photograph and recolouring of visual matching.

    The prepackaged evaluation draws (the drawer,) the pose and then the recolouring.
    """
    drawn = int(rng.choice(len(poses)))
    version = draw_recoloring(rng, variant)
    name = poses[drawn if episode is None else episode]
    x, y, yaw = POSES[name]
    return (x, y), yaw, f"open_drawer_{name}.png", version


def _lighting(variant: Variant) -> Lighting:
    name = "simple" if variant.overlay and variant.lighting == "default" else variant.lighting
    return scenes.DRAWER_LIGHTING[check_choice("lighting", name, scenes.DRAWER_LIGHTING)]


def _head(variant: Variant) -> tuple[float, ...]:
    if variant.overlay and not variant.camera:
        return robots.GOOGLE.initial
    initial = dict(zip(robots.GOOGLE.joints, robots.GOOGLE.initial, strict=True))
    shift = robots.GOOGLE_DRAWER_CAMERA
    return google_initial({joint: initial[joint] + d for joint, d in shift.items()})


@dataclass(frozen=True)
class Drawer:
    """Open or close a drawer.

    Attributes:
        opens: Open it, or close it.
        drawer: Which; ``None`` draws one an episode.
    """

    opens: bool
    drawer: str | None = None
    robot: str = "google_robot"
    max_steps: int = 113

    def __post_init__(self) -> None:
        if self.drawer is not None:
            check_choice("drawer", self.drawer, DRAWERS)

    @property
    def name(self) -> str:
        """As in ``info["task"]``."""
        return f"google_robot_{'open' if self.opens else 'close'}_drawer"

    @property
    def subtasks(self) -> tuple[str, ...]:
        """The one sub-task."""
        return (self.name,)

    @property
    def episodes(self) -> int:
        """Number of official episodes for each drawer."""
        return len(POSES)

    def draw(self, seed: int, options: Options, variant: Variant) -> Setup:
        """Return where an episode begins."""
        episode = check_episode(self.name, options.episode, self.episodes)
        rng = Rng(seed)
        drawer = self.drawer or DRAWERS[rng.choice(len(DRAWERS))]
        xy, yaw, photo, version = _stance(episode, rng, tuple(POSES), variant)
        if not variant.overlay:
            place = rng.randint(len(VARIANT_GRID)) if episode is None else episode
            xy, yaw = VARIANT_GRID[place], 0.0
        joint = f"{drawer}_drawer_joint"
        verb = "open" if self.opens else "close"
        return Setup(
            robot=robots.GOOGLE,
            version=version,
            base=google_base(
                options.robot_xy or xy, yaw if options.robot_yaw is None else options.robot_yaw
            ),
            initial=_head(variant),
            camera=robots.GOOGLE.camera,
            arena="drawer",
            lighting=_lighting(variant),
            contact_offset=0.02,
            instructions=(f"{verb} {drawer} drawer",),
            background=variant.background,
            cabinet=Cabinet(
                variant.station or STATIONS[variant.overlay],
                {} if self.opens else {joint: _STARTS_OPEN},
            ),
            photo=photo if variant.overlay else "",
            shiny=False,
            roles={"joint": joint},
            details={"drawer": drawer, "episode_id": -1 if episode is None else episode},
        )

    def judge(self, simulation: Simulation) -> DrawerJudge:
        """Return the judge of an episode that begins now."""
        return DrawerJudge(self.opens, simulation.setup.roles["joint"])


@dataclass(frozen=True)
class DrawerJudge(Judge):
    """The official rule: how far the drawer is out."""

    opens: bool
    joint: str

    def judge(self, simulation: Simulation, _steps: int, /) -> Verdict:
        """Return the official ``info`` of a step."""
        return self.verdict(drawer_position(simulation, self.joint))

    def verdict(self, position: float) -> Verdict:
        """Return the verdict on the drawer's position (m)."""
        done = position >= _OPENED if self.opens else position <= _CLOSED
        stats = {"qpos": f"{position:.3f}"}
        return {"success": done, "qpos": position, "episode_stats": stats}


def drawer_position(simulation: Simulation, joint: str) -> float:
    """Return how far a drawer is out, m."""
    assert simulation.cabinet is not None
    return float(simulation.cabinet.qpos[scenes.CABINET_JOINTS.index(joint)])


@dataclass(frozen=True)
class PlaceApple:
    """Open the top drawer, then put the apple into it: two official sub-tasks."""

    name: str = "google_robot_place_apple_in_drawer"
    robot: str = "google_robot"
    max_steps: int = 200

    @property
    def subtasks(self) -> tuple[str, ...]:
        """The first ends at step 100 (or when the policy says so); only the second is judged."""
        return ("google_robot_open_top_drawer", self.name)

    @property
    def episodes(self) -> int:
        """Number of official episodes."""
        return len(APPLE_POSES) * len(APPLE_GRID)

    def draw(self, seed: int, options: Options, variant: Variant) -> Setup:
        """Return where an episode begins."""
        episode = check_episode(self.name, options.episode, self.episodes)
        place = None if episode is None else episode // len(APPLE_GRID)
        xy, yaw, photo, version = _stance(place, Rng(seed), APPLE_POSES, variant)
        if not variant.overlay:
            xy, yaw = (APPLE_VARIANT_X, VARIANT_GRID[place or 0][1]), 0.0
        apple_xy = options.xy if episode is None else APPLE_GRID[episode % len(APPLE_GRID)]
        if apple_xy is None:
            apple_xy = tuple(Rng(seed).uniform(*_APPLE_AREA).tolist())
        apple = "baked_apple_v2" if variant.overlay else "apple"
        return Setup(
            robot=robots.GOOGLE,
            version=version,
            base=google_base(
                options.robot_xy or xy, yaw if options.robot_yaw is None else options.robot_yaw
            ),
            initial=_head(variant),
            camera=robots.GOOGLE.camera,
            arena="drawer",
            lighting=_lighting(variant),
            contact_offset=0.005,
            instructions=("open top drawer", "place apple into top drawer"),
            background=variant.background,
            objects=(Placed(apple, apple_xy, euler_quaternion(0.0, 0.0, 0.0)),),
            cabinet=Cabinet(variant.station or STATIONS[variant.overlay]),
            photo=photo if variant.overlay else "",
            matte=variant.overlay,
            shiny=False,
            roles={"object": apple, "joint": "top_drawer_joint"},
            details={"episode_id": -1 if episode is None else episode},
        )

    def judge(self, simulation: Simulation) -> AppleJudge:
        """Return the judge of an episode that begins now."""
        return AppleJudge(simulation.setup.roles["object"])


@dataclass
class AppleJudge(Judge):
    """The official rules of the apple.

    Attributes:
        apple: Name of its body.
        second: The second sub-task is under way.
        contacts: Steps at which the apple touched the drawer's floor.
    """

    apple: str
    second: bool = False
    contacts: int = 0

    def begin(self, index: int, /) -> None:
        """Take note that the sub-task of this index begins."""
        self.second = index > 0

    def judge(self, simulation: Simulation, _steps: int, /) -> Verdict:
        """Return the official ``info`` of a step."""
        position = drawer_position(simulation, "top_drawer_joint")
        return self.verdict(position, self._touches(simulation))

    def verdict(self, position: float, touches: bool) -> Verdict:
        """Return the verdict on the drawer's position (m) and the apple's contact with it."""
        self.contacts += int(touches)
        done = self.second and position >= _APPLE_OPEN and self.contacts >= 1
        return {
            "success": done,
            "qpos": position,
            "has_contact": self.contacts,
            "episode_stats": {"qpos": f"{position:.3f}", "has_contact": self.contacts},
        }

    def _touches(self, simulation: Simulation) -> bool:
        drawer = f"{CABINET}/top_drawer"
        total = np.zeros(3)
        for contact in simulation.contacts():
            bodies = (contact.first, contact.second)
            if set(bodies) != {self.apple, drawer}:
                continue
            if contact.shapes[bodies.index(drawer)] == _DRAWER_FLOOR:
                total += contact.impulse * (1 if contact.first == self.apple else -1)
        return float(np.linalg.norm(total)) > TOUCH
