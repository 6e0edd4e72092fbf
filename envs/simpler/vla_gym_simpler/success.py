"""When a task counts as achieved: the official rules, step by step.

A ``Judge`` is made when an episode begins and remembers what the rule needs. Rules, statistics and
their names are the official ones, so that recordings compare key by key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from vla_gym_sapien.grasping import TOUCH, touches_only
from vla_gym_sapien.poses import F64, Pose, rotate

from vla_gym_simpler.facts.objects import OBJECTS
from vla_gym_simpler.facts.scenes import CABINET_JOINTS
from vla_gym_simpler.simulation import CABINET, ROBOT, Simulation

StepInfo = dict[str, Any]

MOVED = 0.03
"""Horizontal distance (m) from which an object counts as moved."""
CONSECUTIVE = 5
"""Steps in a row that make a grasp consecutive."""

_LIFTED, _LIFTED_HIGH = 0.01, 0.02  # m of height gained
_HIGH_STEPS = 5
_FALLEN_OTHER, _FALLEN_PAIR = -0.02, -0.15  # m below where it settled
_NEAR, _CLOSEST_TOLERANCE = 0.10, 0.01  # m
_OPENED, _CLOSED = 0.15, 0.05  # m that a drawer is out
_APPLE_OPEN = 0.05  # m, likewise, for the apple in it
_DRAWER_FLOOR = 2
"""Index of the collision shape of a drawer that the apple must have touched."""
_XY_MARGIN = 0.003  # m


class Judge(Protocol):
    """Judges one episode."""

    def begin(self, _index: int, /) -> None:
        """Take note that the sub-task of this index begins (most tasks have one only)."""
        return

    def judge(self, simulation: Simulation, /) -> StepInfo:
        """Return the official ``info`` of a step, with ``success`` and ``episode_stats``."""
        ...


@dataclass
class GraspCounter:
    """Counts steps in a row with a grasp."""

    count: int = 0

    def see(self, grasped: bool) -> bool:
        """Return whether the grasp is consecutive by now."""
        self.count = self.count + 1 if grasped else 0
        return self.count >= CONSECUTIVE


@dataclass
class Ever:
    """Flags that stay up once they were."""

    flags: dict[str, bool] = field(default_factory=dict)

    def see(self, name: str, value: bool) -> bool:
        """Return whether a flag was ever up, now included."""
        self.flags[name] = self.flags.get(name, False) or value
        return self.flags[name]


def horizontal(a: F64, b: F64) -> float:
    """Return the horizontal distance of two positions, m."""
    return float(np.linalg.norm(a[:2] - b[:2]))


@dataclass
class CokeJudge(Judge):
    """The official rules; remembers whether the can was lifted during this grasp.

    Attributes:
        can: Name of its body.
        start: Pose of the can after settling.
    """

    can: str
    start: Pose

    def __post_init__(self) -> None:
        self._grasps, self._ever = GraspCounter(), Ever()
        self._lifted, self._high_steps = False, 0

    def judge(self, simulation: Simulation, /) -> StepInfo:
        """Return the official ``info`` of a step."""
        free = touches_only(simulation.contacts(), self.can, robot=ROBOT)
        height = float(simulation.bodies[self.can].pose.p[2] - self.start.p[2])
        return self.verdict(height, simulation.grasps(self.can), free)

    def verdict(self, height: float, grasped: bool, free: bool) -> StepInfo:
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


class MoveNearJudge(Judge):
    """The official rules."""

    def __init__(self, settled: Mapping[str, Pose], source: str, target: str) -> None:
        self._start, self.source, self.target = settled, source, target
        sizes = {n: rotate(p.q, np.array(OBJECTS[n].size)) for n, p in settled.items()}
        halves = [float(np.linalg.norm(sizes[n][:2] / 2)) for n in (source, target)]
        self._reach = sum(halves) + _NEAR

    def judge(self, simulation: Simulation, /) -> StepInfo:
        """Return the official ``info`` of a step."""
        origins = {name: body.pose.p for name, body in simulation.bodies.items()}
        return self.verdict(origins, {name: simulation.centre(name).p for name in origins})

    def verdict(self, origins: dict[str, F64], centres: dict[str, F64]) -> StepInfo:
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

    def _standing(self, origins: dict[str, F64], names: Iterable[str], limit: float) -> bool:
        return all(float(origins[name][2] - self._start[name].p[2]) > limit for name in names)


@dataclass(frozen=True)
class DrawerJudge(Judge):
    """The official rule: how far the drawer is out."""

    opens: bool
    joint: str

    def judge(self, simulation: Simulation, /) -> StepInfo:
        """Return the official ``info`` of a step."""
        return self.verdict(drawer_position(simulation, self.joint))

    def verdict(self, position: float) -> StepInfo:
        """Return the verdict on the drawer's position (m)."""
        done = position >= _OPENED if self.opens else position <= _CLOSED
        stats = {"qpos": f"{position:.3f}"}
        return {"success": done, "qpos": position, "episode_stats": stats}


def drawer_position(simulation: Simulation, joint: str) -> float:
    """Return how far a drawer is out, m."""
    assert simulation.cabinet is not None
    return float(simulation.cabinet.qpos[CABINET_JOINTS.index(joint)])


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

    def judge(self, simulation: Simulation, /) -> StepInfo:
        """Return the official ``info`` of a step."""
        position = drawer_position(simulation, "top_drawer_joint")
        return self.verdict(position, self._touches(simulation))

    def verdict(self, position: float, touches: bool) -> StepInfo:
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


@dataclass(frozen=True)
class PutOnRule:
    """What lies on what, and how exactly.

    Attributes:
        source: Object model to be moved.
        target: Object model to put it on.
        held_counts: The source may still be held by the gripper, but touch nothing else; without
            it contacts do not matter.
        height_margin: Largest gap between source and target, m.
    """

    source: str
    target: str
    held_counts: bool
    height_margin: float = 0.02


class PutOnJudge(Judge):
    """The official rules of put-on tasks.

    Args:
        rule: Of the rule.
        settled: Poses of all bodies after settling.
    """

    def __init__(self, rule: PutOnRule, settled: Mapping[str, Pose]) -> None:
        self._rule, self._start = rule, settled
        self.source_size = _turned_size(rule.source, settled[rule.source])
        self.target_size = _turned_size(rule.target, settled[rule.target])
        self._grasps, self._ever = GraspCounter(), Ever()

    def judge(self, simulation: Simulation, /) -> StepInfo:
        """Return the official ``info`` of a step."""
        rule = self._rule
        grasped = simulation.grasps(rule.source)
        alone = not rule.held_counts or touches_only(
            simulation.contacts(), rule.source, robot=ROBOT, also=rule.target
        )
        positions = {name: simulation.centre(name).p for name in (rule.source, rule.target)}
        return self.verdict(positions, simulation.bodies[rule.target].pose.p, grasped, alone)

    def verdict(
        self, centres: dict[str, F64], target_origin: F64, grasped: bool, alone: bool
    ) -> StepInfo:
        """Return the verdict on centres of mass, the target's origin, grasp and contacts."""
        rule = self._rule
        moved = horizontal(self._start[rule.source].p, centres[rule.source])
        other = horizontal(self._start[rule.target].p, target_origin)
        consecutive = self._grasps.see(grasped)
        on_target = alone and self._rests(centres[rule.source] - centres[rule.target])
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
        return bool(near and offset[2] > 0 and gap <= self._rule.height_margin)


def _turned_size(model: str, pose: Pose) -> F64:
    """Return the bounding box sizes turned as a vector, as the official environments do.

    The result may be negative or odd for turned objects; the rules were tuned with it.
    """
    return rotate(pose.q, np.array(OBJECTS[model].size))
