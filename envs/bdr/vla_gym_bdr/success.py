"""Is the goal reached, and what went wrong on the way? Read from the world after every action."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from vla_gym_sapien.poses import F64

from vla_gym_bdr import facts
from vla_gym_bdr.objects import OBJECTS
from vla_gym_bdr.objects.fixtures import FIXTURES
from vla_gym_bdr.simulation import Simulation
from vla_gym_bdr.tasks.model import thing

FAILURES = ("missed_grasp", "premature_closing", "dropped", "wrong_place", "time_out")
_CLOSING, _OPENING = 0.75, 0.9  # shares of the opening that tell the gripper's state
_RAISED = 0.02  # m, something is carried
_SUNK = 0.03  # m, how far above its level a thing that lies there may be


class Judge:
    """Judges one episode; ``look`` is called once after every action."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation, self._goal = simulation, simulation.initial.goal
        self._count = 0
        self._check: Callable[[], bool] = getattr(self, f"_{self._goal.verb}")
        self._needed = {
            "picked": facts.HOLD_STEPS,
            "placed": facts.HOLD_STEPS,
            "poured": facts.POUR_STEPS,
        }.get(self._goal.verb, 1)

    def look(self) -> bool:
        """Return whether the goal is reached now."""
        self._count = self._count + 1 if self._check() else 0
        return self._count >= self._needed

    def _picked(self) -> bool:
        name = self._goal.subject
        return self._simulation.held(name) and lifted(self._simulation, name) >= facts.LIFT

    def _placed(self) -> bool:
        simulation, name = self._simulation, self._goal.subject
        speed = float(np.linalg.norm(simulation.bodies[name].velocity[0]))
        free = not simulation.touched_by_robot(name)
        return free and speed < facts.STILL and lies_on(simulation, name, str(self._goal.target))

    def _opened(self) -> bool:
        return self._simulation.share(self._goal.subject) >= facts.OPENED

    def _closed(self) -> bool:
        return self._simulation.share(self._goal.subject) <= facts.CLOSED

    def _pressed(self) -> bool:
        return self._simulation.share(self._goal.subject) >= facts.PRESSED

    def _poured(self) -> bool:
        simulation, name = self._simulation, self._goal.subject
        pose = simulation.bodies[name].pose
        tilted = pose.rotation[2, 2] < np.cos(facts.POUR_TILT)
        mouth = pose.apply(np.array([0.0, 0.0, OBJECTS[name].mouth or 0.0]))
        target = simulation.level(str(self._goal.target)).p
        near = np.linalg.norm((mouth - target)[:2]) <= facts.POUR_REACH and mouth[2] > target[2]
        return bool(tilted and near and simulation.held(name))


def lifted(simulation: Simulation, name: str) -> float:
    """Return how far an object is above where it was at the beginning, m."""
    return float(simulation.bodies[name].pose.p[2] - simulation.settled[name].p[2])


def lies_on(simulation: Simulation, name: str, target: str) -> bool:
    """Whether an object's middle is over a thing's level and as low as something lying there."""
    rest = thing(target).rest
    local = simulation.level(target).inverse() * simulation.bodies[name].pose
    low, high = OBJECTS[name].bounds
    middle = local.apply((low + high) / 2)
    inside = np.abs(middle[:2]) <= np.array(rest.half) + 0.01
    reach = float(np.linalg.norm(high - low)) / 2
    return bool(inside.all() and middle[2] - rest.height < reach + _SUNK)


class Watch:
    """Names what goes wrong: the flags of ``FAILURES`` that came true in an episode."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation, self._goal = simulation, simulation.initial.goal
        self._flags = dict.fromkeys(FAILURES, False)
        self._was_closed = self._was_carried = False

    def look(self, action: F64, *, done: bool, over: bool) -> dict[str, bool]:
        """Take note of an executed action and return all flags."""
        closing = bool(action[6] < 0.0)
        if closing and not self._was_closed and self._distance() > facts.NEAR:
            self._flags["premature_closing"] |= self._goal.verb != "pressed"
        shut = self._simulation.gripper.opening < facts.EMPTY
        if closing and shut and not done and self._takes() and not self._held():
            self._flags["missed_grasp"] |= self._distance() < facts.NEAR
        self._watch_carried(closing)
        self._was_closed = closing
        self._flags["time_out"] = over and not done
        return dict(self._flags)

    def _watch_carried(self, closing: bool) -> None:
        """Notice what falls out of closed fingers, and what is let go in the wrong place."""
        if self._goal.subject not in self._simulation.bodies:
            return
        name, target = self._goal.subject, self._goal.target
        carried = self._held() and lifted(self._simulation, name) > _RAISED
        if self._was_carried and not carried:
            if closing:
                self._flags["dropped"] |= not self._held()
            elif target is None or not lies_on(self._simulation, name, target):
                self._flags["wrong_place"] = True
        self._was_carried = carried

    def _takes(self) -> bool:
        return self._goal.verb != "pressed"

    def _held(self) -> bool:
        name = self._goal.subject
        return self._simulation.held(f"{name}/part" if name in FIXTURES else name)

    def _distance(self) -> float:
        """Return the distance from the tool to where the goal's thing is taken."""
        simulation, name = self._simulation, self._goal.subject
        hand = simulation.hand().p
        if name in FIXTURES:
            item = simulation.furniture[name]
            place = item.link_pose("part").apply(np.array(FIXTURES[name].handle))
            return float(np.linalg.norm(place - hand))
        low, high = OBJECTS[name].bounds
        local = simulation.bodies[name].pose.inverse().apply(hand)
        return float(np.linalg.norm(local - np.clip(local, low, high)))
