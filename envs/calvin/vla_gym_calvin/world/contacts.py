"""Names for what touches what, as the success conditions speak of it."""

from __future__ import annotations

import pybullet

from vla_gym_calvin import facts
from vla_gym_calvin.success import Contact
from vla_gym_calvin.success import Contacts as ContactSet
from vla_gym_calvin.world.client import Client
from vla_gym_calvin.world.scene import Scene

_TABLE_LINKS = {index: name for name, index in facts.TABLE_LINKS.items()}


class Contacts:
    """Looks contacts up in one world; ``name_bodies`` must follow every loading of it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[int, str] = {}
        self._bodies: dict[str, int] = {}

    def name_bodies(self, robot: int, scene: Scene) -> None:
        """Remember which body has which id."""
        self._bodies = {"robot": robot, "table": scene.table, "plane": scene.plane, **scene.blocks}
        self._names = {body: name for name, body in self._bodies.items()}

    def of(self, name: str) -> ContactSet:
        """Return what a body touches, points up to 2 cm away that bullet still tracks included."""
        points = pybullet.getContactPoints(
            bodyA=self._bodies[name], physicsClientId=self._client.id
        )
        return frozenset(self._contact(point[2], point[4]) for point in points)

    def _contact(self, body: int, link: int) -> Contact:
        name = self._names[body]
        return Contact(name, _TABLE_LINKS[link] if name == "table" else str(link))
