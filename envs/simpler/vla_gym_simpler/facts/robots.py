"""The robots of the benchmark by name; at the sink the WidowX is set up otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from vla_gym_simpler.facts.google_robot import GOOGLE
from vla_gym_simpler.facts.robot import RobotFacts
from vla_gym_simpler.facts.widowx import WIDOWX

ROBOTS: Mapping[str, RobotFacts] = {robot.name: robot for robot in (WIDOWX, GOOGLE)}
