"""What every controller is, and joint paths limited in velocity, acceleration and jerk.

A control step begins with ``begin(action)``; then ``advance(k)`` is called before each of its
simulation steps, k = 1, 2, ... Controllers hold no reference to time or to an environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from ruckig import InputParameter, Result, Ruckig, Trajectory

from vla_gym_sapien.poses import F64


class Controller(Protocol):
    """Turns its part of an action into drive targets."""

    def reset(self) -> None:
        """Forget everything: the robot stands at its initial position."""
        ...

    def begin(self, action: F64) -> None:
        """Take an action at the beginning of a control step."""
        ...

    def advance(self, step: int) -> None:
        """Set the targets of simulation step ``step`` (1, 2, ...) of this control step."""
        ...


@dataclass(frozen=True)
class PathLimits:
    """Limits of a joint path, equal for all its joints.

    Attributes:
        velocity: rad/s.
        acceleration: rad/s^2.
        jerk: rad/s^3.
    """

    velocity: float
    acceleration: float
    jerk: float


class JointPath:
    """A time-synchronised path that ends at rest, sampled at the simulation's rate.

    Args:
        limits: Of all joints.
        hz: Samples per second.
    """

    def __init__(self, limits: PathLimits, hz: int, joints: int) -> None:
        self._limits, self._period = limits, 1.0 / hz
        self._planner = Ruckig(joints)
        self._input = InputParameter(joints)
        self._trajectory = Trajectory(joints)
        self._input.max_velocity = [limits.velocity] * joints
        self._input.max_acceleration = [limits.acceleration] * joints
        self._input.max_jerk = [limits.jerk] * joints

    def plan(self, start: F64, velocity: F64, goal: F64) -> None:
        """Plan from a position and a velocity (clipped to the limit) to rest at ``goal``."""
        limit = self._limits.velocity
        zeros = [0.0] * len(start)
        self._input.current_position = start.tolist()
        self._input.current_velocity = np.clip(velocity, -limit, limit).tolist()
        self._input.current_acceleration = zeros
        self._input.target_position = goal.tolist()
        self._input.target_velocity = zeros
        self._input.target_acceleration = zeros
        self._end: tuple[F64, F64] | None = None
        result = self._planner.calculate(self._input, self._trajectory)
        if result not in (Result.Working, Result.Finished):
            raise ArithmeticError(f"no path from {start} (at {velocity}/s) to {goal}: {result}")

    def at(self, sample: int) -> tuple[F64, F64]:
        """Return position and velocity at a sample (the goal and rest after the end)."""
        time, duration = sample * self._period, self._trajectory.duration
        if time < duration:
            return self._at(time)
        if self._end is None:
            self._end = self._at(duration)
        return self._end

    def _at(self, time: float) -> tuple[F64, F64]:
        position, velocity, _ = self._trajectory.at_time(time)
        return np.asarray(position, dtype=np.float64), np.asarray(velocity, dtype=np.float64)
