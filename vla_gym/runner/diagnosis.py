"""What looks wrong about a rollout, as codes computed from what was done and seen.

A score of zero says nothing about its cause; these codes do. They are functions of the executed
actions and the observations alone, hence the same in every run, and never change a score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract.frames import POSITION
from vla_gym.contract.policy import Chunk
from vla_gym.contract.spec import ActionSpec, EnvContract, GripperSpec, Mode
from vla_gym.records import Executed

CODES = (
    "proprioception_not_finite",
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
        self._hands = _hand_places(contract)
        self._chunks: list[Chunk] = []
        self._low: Floats | None = None
        self._high: Floats | None = None
        self._pictures: dict[str, bool] | None = None
        self._finite = True

    def acted(self, chunk: Chunk) -> None:
        """Add executed environment actions ``(n, size)``."""
        copies = (None if part is None else np.array(part) for part in vars(chunk).values())
        self._chunks.append(Chunk(*copies))  # type: ignore[arg-type]

    def moved_to(self, proprioception: Floats) -> None:
        """Add the proprioception of an observation."""
        now = np.asarray(proprioception)
        self._finite = self._finite and bool(np.isfinite(now).all())
        now = now[self._hands] if self._hands else now
        self._low = now if self._low is None else np.minimum(self._low, now)
        self._high = now if self._high is None else np.maximum(self._high, now)

    def pictured(self, images: Mapping[str, npt.NDArray[np.uint8]]) -> None:
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
        found = {**(self._pictures or {}), "proprioception_not_finite": not self._finite}
        if len(actions):
            found["robot_did_not_move"] = self._finite and self._still()
        if len(actions) >= MIN_ACTIONS:
            found.update(_habits(actions, self._contract))
        return tuple(code for code in CODES if found.get(code))

    def _still(self) -> bool:
        if self._low is None or self._high is None or not self._low.size:
            return False
        limit = STILL_METRES if self._hands else STILL_OTHER
        return bool(np.max(self._high - self._low) < limit)


def _demonstrates(chunk: Chunk) -> npt.NDArray[np.bool_]:
    if chunk.demonstrates is not None:
        return chunk.demonstrates
    return np.ones(len(chunk.actions), bool)


def _hand_places(contract: EnvContract) -> list[int]:
    """Return where the hands' positions are in the proprioception; empty where there are none."""
    places: list[int] = []
    start = 0
    for item in contract.proprioception:
        if item.name == POSITION:
            places += range(start, start + item.size)
        start += item.size
    return places


def _habits(actions: Floats, contract: EnvContract) -> dict[str, bool]:
    spec = contract.action
    grippers = {spec.slices[part.name].start: part for part in spec.of(GripperSpec)}
    still = [_never_moved(actions[:, place], part) for place, part in grippers.items()]
    others = [place for place in range(spec.size) if place not in grippers]
    return {
        "gripper_never_moved": bool(still) and all(still),
        "action_constant": bool(np.ptp(actions, axis=0).max() < 1e-6),
        "action_saturated": bool(others) and _saturated(actions, spec, others),
    }


def _never_moved(values: Floats, gripper: GripperSpec) -> bool:
    middle = 0.0 if gripper.mode is Mode.DELTA else (gripper.open + gripper.closed) / 2
    opening = (values - middle) * (gripper.open - gripper.closed) > 0
    return bool(opening.all() or not opening.any())


def _saturated(actions: Floats, spec: ActionSpec, places: Sequence[int]) -> bool:
    """Whether most numbers at these places are at a limit (where others have been clipped to)."""
    low, high = np.array(spec.low), np.array(spec.high)
    at_limit = (actions <= low + 1e-6) | (actions >= high - 1e-6)
    return bool(at_limit[:, places].mean() > SATURATED_SHARE)
