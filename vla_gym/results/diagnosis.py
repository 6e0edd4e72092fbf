"""When nothing succeeded: what looks wrong.

The runner notes coded observations in each record; a zero score alone never says whether the
policy is bad or the gripper is wired the wrong way round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vla_gym.records import EpisodeRecord

HINTS: dict[str, str] = {
    "image_constant": "a camera picture was of one colour: check renderer and camera names",
    "proprioception_not_finite": "the robot was at NaN or infinity: check the environment",
    "image_dark": "a camera picture was nearly black: check renderer and lights",
    "robot_did_not_move": "the robot did not move: check action scale, statistics and units",
    "gripper_never_moved": "the gripper never moved: check polarity, threshold and range",
    "action_constant": "the policy returned the same action throughout: check its inputs",
    "action_saturated": "actions were at their limits: check the statistics that undo the "
    "normalisation",
}


_NEVER_RIGHT = ("proprioception_not_finite",)


@dataclass(frozen=True)
class Finding:
    """One thing that looks wrong.

    Attributes:
        code: As in the records.
        episodes: Number of episodes that show it.
        n: Number of episodes looked at.
        message: For a person.
    """

    code: str
    episodes: int
    n: int
    message: str


def diagnose(records: Sequence[EpisodeRecord]) -> tuple[Finding, ...]:
    """Return what looks wrong, the most frequent first; after a success what is never right."""
    counts = Counter(code for record in records for code in set(record.diagnosis))
    counts["error"] = sum(record.error is not None for record in records)
    if any(subtask.success for r in records for subtask in r.subtasks):
        counts = Counter({code: counts[code] for code in _NEVER_RIGHT})
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Finding(code, count, len(records), _message(code)) for code, count in ranked if count
    )


def _message(code: str) -> str:
    if code == "error":
        return "episodes ended in an error: see the errors of the run"
    return HINTS.get(code, code.replace("_", " "))
