"""The simulated world: robot, table, lights and blocks in a pybullet client of its own."""

from vla_gym_calvin.world.world import World

__all__ = ["World"]
