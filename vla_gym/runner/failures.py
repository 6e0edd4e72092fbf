"""A policy that cannot do anything stops the run; one that cannot do everything does not.

An exception of a policy costs its episode. Where the first episodes all end so, it is the policy
that is broken (a missing file, another shape), and a table of errors would help nobody: what was
kept back until then is not recorded, and the same command runs those episodes again.
"""

from __future__ import annotations

from vla_gym.errors import PolicyError
from vla_gym.records import EpisodeRecord, Executed

Result = tuple[EpisodeRecord, Executed]


class FirstFailures:
    """Keeps back episodes in which a policy raised, until it has done one.

    Args:
        most: So many of them, with nothing else done, stop the run.
        trusted: The policy has done an episode before.
    """

    def __init__(self, most: int, *, trusted: bool) -> None:
        """Nothing has happened yet."""
        self._most, self._trusted = most, trusted
        self._held: list[tuple[Result, PolicyError]] = []

    def failed(self, result: Result, error: PolicyError) -> list[Result]:
        """Return what is to be recorded now that the policy raised in an episode.

        Raises:
            PolicyError: When these were the first ones, and enough.
        """
        if self._trusted:
            return [result]
        self._held.append((result, error))
        if len(self._held) >= self._most:
            self.stop()
        return []

    def done(self) -> list[Result]:
        """Return what is to be recorded now that the policy has done an episode."""
        self._trusted = True
        held, self._held = self._held, []
        return [result for result, _ in held]

    def stop(self) -> None:
        """End the run if all that is known of the policy is that it fails.

        Raises:
            PolicyError: With its first error.
        """
        if not self._held:
            return
        first, number = self._held[0][1], len(self._held)
        all_of = f"The first {number} episodes all ended so; none" if number > 1 else "It"
        raise PolicyError(f"{first}\n{all_of} is not recorded.") from first.__cause__
