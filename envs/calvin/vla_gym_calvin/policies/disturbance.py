"""Pushing an expert off its way on purpose, so that its demonstrations show how to get back.

DART (Laskey et al. 2017): the disturbed action is executed, the intended one is what is learned.
Amounts are those of the trial in training.md: bursts of 2 to 5 steps, gentle near the table.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vla_gym_calvin.facts import TABLE_TOP

F64 = npt.NDArray[np.float64]

_BURST = (2, 6)  # steps, the upper end exclusive
_GAP = (10, 30)  # steps between bursts
_NEAR = 0.07  # m above the table
_GENTLE = 0.25


class Disturbance:
    """A stream of bursts.

    Args:
        amount: Largest disturbance in units of an action; 0 is none.
        seed: Equal seeds disturb equally.
    """

    def __init__(self, amount: float, seed: int) -> None:
        self._amount = amount
        self._draw = np.random.default_rng(seed)
        self._left = 0
        self._gap = int(self._draw.integers(*_GAP))
        self._push = np.zeros(6)

    def __call__(self, action: F64, *, height: float) -> F64:
        """Return the action to execute; the gripper is never disturbed.

        Args:
            action: ``(7,)``, each number of the arm in [-1, 1].
            height: Of the tool centre point, m.
        """
        if not self._amount:
            return action
        if not self._left:
            self._gap -= 1
            if self._gap > 0:
                return action
            self._left = int(self._draw.integers(*_BURST))
            self._gap = int(self._draw.integers(*_GAP))
            self._push = self._draw.uniform(-self._amount, self._amount, 6)
        self._left -= 1
        share = _GENTLE if height < TABLE_TOP + _NEAR else 1.0
        return np.append(np.clip(action[:6] + share * self._push, -1.0, 1.0), action[6])
