"""The engine SAPIEN 3 (PhysX 5): the only modules of this package that import ``sapien``."""

from vla_gym_sapien.sapien3.world import Sapien3World, make_world

__all__ = ["Sapien3World", "make_world"]
