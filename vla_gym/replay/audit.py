"""Whether a recorded stretch does what is said of it: it is done again, facts are gathered."""

from __future__ import annotations

from dataclasses import dataclass

from vla_gym.replay.walk import Walk


@dataclass(frozen=True)
class Audit:
    """Gathers the names that ``info`` held after any action.

    Attributes:
        fact: Key of ``info`` whose value is a collection of names, such as fulfilled tasks.
    """

    fact: str

    def __call__(self, walk: Walk) -> frozenset[str]:
        """Return all names."""
        found: set[str] = set()
        for moment in walk:
            if moment.step:
                found |= set(moment.info[self.fact])
        return frozenset(found)
