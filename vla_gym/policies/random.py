"""The lower bound: actions drawn at random, in the terms of whatever environment it meets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import ActionSpec, EnvContract, GripperSpec, PolicySpec
from vla_gym.schema import Record


class RandomOptions(Record):
    """What may be set.

    Attributes:
        scale: Share of the action range that is used, in (0, 1].
        gripper_change: Probability per step that the gripper command flips.
    """

    scale: float = Field(default=1.0, gt=0, le=1)
    gripper_change: float = Field(default=0.05, ge=0, le=1)


class RandomPolicy:
    """Uniform actions within the limits (or +-1), and grippers that change now and then.

    The random numbers of a slot follow from its seed alone, so neither batching nor the number of
    workers changes an action.

    Args:
        options: How far and how often.
        env_contract: The environment whose actions it speaks.
    """

    def __init__(self, options: RandomOptions, *, env_contract: EnvContract) -> None:
        """Draw within ``env_contract.action``."""
        self._action = env_contract.action
        self._low, self._high = _limits(env_contract.action, options.scale)
        self._change = options.gripper_change
        self._grippers = {
            self._action.slices[part.name].start: part for part in self._action.of(GripperSpec)
        }
        self._streams: dict[int, np.random.Generator] = {}
        self._open: dict[int, dict[int, bool]] = {}

    @property
    def spec(self) -> PolicySpec:
        """No cameras; the action of the environment itself."""
        return PolicySpec(cameras={}, proprioception=(), action=self._action)

    def reset(self, slots: Sequence[Slot]) -> None:
        """Start the random streams of these slots again."""
        for slot in slots:
            self._streams[slot.id] = np.random.default_rng(slot.seed)
            self._open[slot.id] = dict.fromkeys(self._grippers, True)

    def act(self, batch: Batch) -> npt.NDArray[np.floating[Any]]:
        """Return one random action per slot, float64 ``(B, 1, action_size)``."""
        return np.stack([self._draw(slot) for slot in batch.slots])[:, None]

    def _draw(self, slot: Slot) -> npt.NDArray[np.float64]:
        stream = self._streams[slot.id]
        opens = self._open[slot.id]
        for place in opens:
            if stream.random() < self._change:
                opens[place] = not opens[place]
        action = stream.uniform(self._low, self._high)
        for place, gripper in self._grippers.items():
            action[place] = gripper.open if opens[place] else gripper.closed
        return action


def _limits(
    action: ActionSpec, scale: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    low, high = np.array(action.low), np.array(action.high)
    low, high = np.where(np.isfinite(low), low, -1.0), np.where(np.isfinite(high), high, 1.0)
    middle, half = (low + high) / 2, (high - low) / 2 * scale
    return middle - half, middle + half
