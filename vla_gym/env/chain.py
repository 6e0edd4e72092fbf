"""Which sub-task an episode is working on, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class SubTask(NamedTuple):
    """A task and what the policy is told, where that is known beforehand."""

    name: str
    instruction: str = ""


class Chain:
    """Sub-tasks done one after the other; without any it is free play, which has no end.

    Args:
        subtasks: In order; may be empty.

    Attributes:
        completed: How many the environment has left behind by itself.
    """

    def __init__(self, subtasks: Sequence[SubTask] = ()) -> None:
        self._rest = list(subtasks)
        self._free = not self._rest
        self.completed = 0

    @property
    def current(self) -> SubTask | None:
        """The sub-task that the next step works on; ``None`` in free play and at the end."""
        return self._rest[0] if self._rest else None

    @property
    def over(self) -> bool:
        """Whether there were sub-tasks, and all are left behind."""
        return not self._rest and not self._free

    def move_on(self) -> None:
        """Leave the current sub-task behind."""
        self.completed += 1
        del self._rest[:1]

    def begin(self, subtask: SubTask) -> None:
        """Work on this one, which nobody counts.

        If it comes later in the chain, what lies before it is skipped; otherwise it takes the place
        of the current one.
        """
        later = [i for i, s in enumerate(self._rest) if i and s.name == subtask.name]
        self._rest[: later[0] + 1 if later else 1] = [subtask]
        self._free = False
