"""Which sub-task an episode is working on, since when, and what follows.

Without sub-tasks the episode is free play: nothing is advanced and nothing ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vla_gym_calvin.success import TaskState, is_fulfilled


class SubTask(NamedTuple):
    """A task and what the policy is told."""

    name: str
    instruction: str


class Verdict(NamedTuple):
    """What a step did to the chain.

    Attributes:
        success: The current sub-task was achieved at this step.
        terminated: All sub-tasks have been achieved.
        truncated: The current sub-task has run out of steps.
    """

    success: bool
    terminated: bool
    truncated: bool

    @property
    def stops(self) -> bool:
        """Whether a chunk of actions stops here."""
        return any(self)


class Chain:
    """Sub-tasks done one after the other.

    Args:
        subtasks: In order; may be empty.
        start: State at the beginning, frozen.
        max_steps: Steps allowed per sub-task.

    Attributes:
        start: Frozen state at which the current sub-task began.
        completed: How many were achieved.
    """

    def __init__(self, subtasks: Sequence[SubTask], start: TaskState, *, max_steps: int) -> None:
        self._rest = list(subtasks)
        self._max_steps = max_steps
        self._steps = 0
        self.start = start
        self.completed = 0

    @property
    def current(self) -> SubTask | None:
        """The sub-task that the next step works on; ``None`` in free play and at the end."""
        return self._rest[0] if self._rest else None

    def judge(self, state: TaskState) -> Verdict:
        """Count a step that led to ``state``, and move on when it achieved the sub-task."""
        if not self._rest:
            return Verdict(False, terminated=self.completed > 0, truncated=False)
        self._steps += 1
        success = is_fulfilled(self._rest[0].name, self.start, state)
        if success:
            self._rest.pop(0)
            self.completed += 1
            self._begin(state)
        truncated = not success and self._steps >= self._max_steps
        return Verdict(success, terminated=success and not self._rest, truncated=truncated)

    def begin(self, subtask: SubTask | None, state: TaskState) -> None:
        """Begin anew from ``state``.

        Args:
            subtask: Work on this one. If it comes later in the chain, what lies before it is
                skipped; otherwise it takes the place of the current one. ``None`` keeps the
                current one (or free play).
            state: The present state.
        """
        if subtask is not None:
            later = [i for i, s in enumerate(self._rest) if i and s.name == subtask.name]
            del self._rest[: later[0] if later else 1]
            if later:
                self._rest[0] = subtask
            else:
                self._rest.insert(0, subtask)
        self._begin(state)

    def _begin(self, state: TaskState) -> None:
        self.start = state.freeze()
        self._steps = 0
