"""When to ask the policy: gather what is ready, but never make it wait for the slow.

A bigger batch is worth some waiting, but not more than ``wait`` seconds, not more than the policy
itself takes (waiting ten milliseconds to save a tenth of one is a loss), and not for a worker that
has nothing to ask.
"""

from __future__ import annotations

SMOOTHING = 0.3
"""Weight of the newest call in the running mean of the policy's time."""


class Batcher:
    """Collects workers that wait for actions."""

    def __init__(self, *, size: int, wait: float) -> None:
        """Form batches of up to ``size``, at most ``wait`` seconds after the first request."""
        self._size, self._wait = size, wait
        self._waiting: list[int] = []
        self._since = 0.0
        self._policy_seconds = 0.0

    def add(self, worker: int, now: float) -> None:
        """Take note that a worker has asked."""
        if not self._waiting:
            self._since = now
        self._waiting.append(worker)

    def drop(self, worker: int) -> None:
        """Forget a worker that is gone."""
        if worker in self._waiting:
            self._waiting.remove(worker)

    def seconds_left(self, now: float, *, others: int) -> float | None:
        """Return how long to wait for more; 0 is now, ``None`` is nobody has asked.

        Args:
            now: The present time.
            others: How many other workers will ask sooner or later.
        """
        if not self._waiting:
            return None
        if len(self._waiting) >= self._size or not others:
            return 0.0
        return max(0.0, self._since + min(self._wait, self._policy_seconds) - now)

    def take(self, now: float) -> list[int]:
        """Return the workers of the next batch, those that asked first."""
        batch, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
        self._since = now
        return batch

    def took(self, seconds: float) -> None:
        """Learn how long the policy needed for a batch."""
        self._policy_seconds += SMOOTHING * (seconds - self._policy_seconds)
