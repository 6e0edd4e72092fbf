"""What looks wrong about a rollout, as codes computed from what was done and seen.

A score of zero says nothing about its cause; these codes do. They are functions of the executed
actions and the observations alone, hence the same in every run, and never change a score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract.policy import Chunk
from vla_gym.contract.spec import EnvContract, Mode
from vla_gym.records import Executed

CODES = (
    "image_constant",
    "image_dark",
    "robot_did_not_move",
    "gripper_never_moved",
    "action_constant",
    "action_saturated",
)
"""All codes; ``vla_gym.results.diagnosis`` says what each means to a person."""

STILL_METRES = 0.01
"""A hand that stays within this range has not moved."""
STILL_OTHER = 1e-3
"""The same for a proprioception vector without a hand position, in its own units."""
SATURATED_SHARE = 0.5
"""Share of numbers at a limit from which on we speak of saturation."""
MIN_ACTIONS = 10
"""Fewer actions than this say nothing about habits."""
CONSTANT_DEVIATION = 1.0
"""Standard deviation, in grey levels, under which a picture is of one colour."""
DARK_MEAN = 8.0
"""Mean grey level under which a picture is nearly black."""

Floats = npt.NDArray[np.floating[Any]]


class Trace:
    """What an episode did and saw, as far as the codes need it."""

    def __init__(self, contract: EnvContract) -> None:
        """Start an empty trace of an environment."""
        self._contract = contract
        self._position = _position_slice(contract)
        self._chunks: list[Chunk] = []
        self._low: Floats | None = None
        self._high: Floats | None = None
        self._pictures: dict[str, bool] | None = None

    def acted(self, chunk: Chunk) -> None:
        """Add executed environment actions ``(n, size)``."""
        copies = (None if part is None else np.array(part) for part in vars(chunk).values())
        self._chunks.append(Chunk(*copies))  # type: ignore[arg-type]

    def felt(self, proprioception: Floats) -> None:
        """Add the proprioception of an observation."""
        now = np.asarray(proprioception)[self._position]
        self._low = now if self._low is None else np.minimum(self._low, now)
        self._high = now if self._high is None else np.maximum(self._high, now)

    def saw(self, images: Mapping[str, npt.NDArray[np.uint8]]) -> None:
        """Look at the first pictures that the policy gets."""
        if self._pictures is None and images:
            pictures = images.values()
            self._pictures = {
                "image_constant": any(float(np.std(p)) < CONSTANT_DEVIATION for p in pictures),
                "image_dark": any(float(np.mean(p)) < DARK_MEAN for p in pictures),
            }

    @property
    def actions(self) -> Floats:
        """All executed actions ``(steps, size)``."""
        if not self._chunks:
            return np.zeros((0, self._contract.action.size))
        return np.concatenate([chunk.actions for chunk in self._chunks])

    @property
    def executed(self) -> Executed:
        """All that was executed, with what a policy said about learning from it."""
        actions, intended, demonstrates = self.actions, None, None
        if any(chunk.intended is not None for chunk in self._chunks):
            meant = [c.actions if c.intended is None else c.intended for c in self._chunks]
            intended = np.concatenate(meant)
        if any(chunk.demonstrates is not None for chunk in self._chunks):
            demonstrates = np.concatenate([_demonstrates(chunk) for chunk in self._chunks])
        return Executed(actions, intended, demonstrates)

    def codes(self) -> tuple[str, ...]:
        """Return the codes that apply, in a fixed order."""
        actions = self.actions
        found = dict(self._pictures or {})
        if len(actions):
            found["robot_did_not_move"] = self._still()
        if len(actions) >= MIN_ACTIONS:
            found.update(_habits(actions, self._contract))
        return tuple(code for code in CODES if found.get(code))

    def _still(self) -> bool:
        if self._low is None or self._high is None or not self._low.size:
            return False
        limit = STILL_METRES if self._position != slice(None) else STILL_OTHER
        return bool(np.max(self._high - self._low) < limit)


def _demonstrates(chunk: Chunk) -> npt.NDArray[np.bool_]:
    if chunk.demonstrates is not None:
        return chunk.demonstrates
    return np.ones(len(chunk.actions), bool)


def _position_slice(contract: EnvContract) -> slice:
    """Return where the hand's position is in the proprioception, or all of it."""
    start = 0
    for item in contract.proprioception:
        if item.name == "ee_position":
            return slice(start, start + item.size)
        start += item.size
    return slice(None)


def _habits(actions: Floats, contract: EnvContract) -> dict[str, bool]:
    gripper = contract.action.gripper
    middle = 0.0 if gripper.mode is Mode.DELTA else (gripper.open + gripper.closed) / 2
    opening = (actions[:, -1] - middle) * (gripper.open - gripper.closed) > 0
    return {
        "gripper_never_moved": bool(opening.all() or not opening.any()),
        "action_constant": bool(np.ptp(actions, axis=0).max() < 1e-6),
        "action_saturated": _saturated(actions, contract.action.low, contract.action.high),
    }


def _saturated(actions: Floats, low: Sequence[float] | None, high: Sequence[float] | None) -> bool:
    """Whether most arm numbers are at a limit (where out-of-range ones have been clipped to)."""
    size = actions.shape[1]
    least = np.full(size, -np.inf) if low is None else np.asarray(low)
    most = np.full(size, np.inf) if high is None else np.asarray(high)
    at_limit = (actions <= least + 1e-6) | (actions >= most - 1e-6)
    return bool(at_limit[:, :-1].mean() > SATURATED_SHARE)
