"""Which engine, and with which solver: the seam behind which SAPIEN 2.2.2 can be put.

The published numbers come from SAPIEN 2.2.2 (PhysX 4) with the TGS solver. In PhysX 5 that solver
reports finger velocities during contact that make the Google Robot's gripper planner open the
hand; PGS with smaller steps does not, so the Google Robot uses that here. The choice is part of
the protocol (``RobotFacts.solver``).
"""

from __future__ import annotations

from vla_gym_sapien.interface import Solver, World

from vla_gym.errors import UnknownNameError
from vla_gym_simpler.facts.robot import RobotFacts

ENGINES = ("sapien3",)


def describe_solver(robot: RobotFacts) -> str:
    """Return the solver in words, for a protocol."""
    used = robot.solver(0.02)
    return f"{'tgs' if used.tgs else 'pgs'}, {used.step_hz} Hz x {used.substeps}"


def make_engine_world(engine: str, used: Solver, *, shader: str) -> World:
    """Return an empty world of an engine.

    Raises:
        UnknownNameError: For an engine that is not there.
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    from vla_gym_sapien.sapien3 import make_world

    return make_world(used, shader=shader)
