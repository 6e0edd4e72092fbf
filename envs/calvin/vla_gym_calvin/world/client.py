"""A pybullet connection that belongs to one owner.

pybullet's functions act on client 0 unless told otherwise, so a forgotten argument disturbs
another world of the process. Everything that talks to pybullet takes a ``Client`` and passes its
``id``; settings are made where the world is built, never globally.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pybullet

from vla_gym_calvin import facts


class Client:
    """A physics server in this process, without a window."""

    def __init__(self) -> None:
        self.id: int = pybullet.connect(pybullet.DIRECT)
        if self.id < 0:
            raise RuntimeError("pybullet could not start a physics server (too many open ones?)")
        self._open = True
        # The official environment sets these before it resets once more. The time step survives
        # the reset, the other does not; it stays here because the order decides results.
        pybullet.resetSimulation(physicsClientId=self.id)
        pybullet.setPhysicsEngineParameter(deterministicOverlappingPairs=1, physicsClientId=self.id)
        pybullet.setTimeStep(1.0 / facts.PHYSICS_HZ, physicsClientId=self.id)

    @property
    def is_open(self) -> bool:
        """Whether it can still be used."""
        return self._open

    def clear(self) -> None:
        """Remove every body, contact and constraint, and set gravity."""
        pybullet.resetSimulation(physicsClientId=self.id)
        # Remembers the text of files, which makes loading the same world again twice as fast.
        pybullet.setPhysicsEngineParameter(enableFileCaching=1, physicsClientId=self.id)
        pybullet.setGravity(0, 0, facts.GRAVITY, physicsClientId=self.id)

    def load(self, urdf: Path, **options: object) -> int:
        """Load a URDF and return the id of its body."""
        body: int = pybullet.loadURDF(str(urdf), physicsClientId=self.id, **options)
        return body

    def close(self) -> None:
        """Disconnect; a second call does nothing, since the id may belong to another by then."""
        if self._open:
            self._open = False
            with contextlib.suppress(pybullet.error):  # the server is gone already
                pybullet.disconnect(physicsClientId=self.id)
