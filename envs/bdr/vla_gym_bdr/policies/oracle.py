"""``bdr-oracle``: a scripted expert that sees the ground truth and does every goal.

It is the upper bound of the benchmark and a source of demonstrations, for users' own tasks too:
what it does depends on the goal and on the objects' grips, not on the task. Each running episode
has its own program: a generator of actions that looks at the state before each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import PolicySpec
from vla_gym.policies.scripted import then_rest
from vla_gym_bdr.names import TASKS
from vla_gym_bdr.policies.hand import Hand, Motion
from vla_gym_bdr.policies.skills import SKILLS
from vla_gym_bdr.spec import action_spec


class BdrOracle:
    """The policy; it has no options."""

    def __init__(self) -> None:
        self._programs: dict[int, tuple[Hand, Motion]] = {}

    @property
    def spec(self) -> PolicySpec:
        """No cameras: it reads the state of the simulator."""
        return PolicySpec(
            cameras={},
            proprioception=(),
            action=action_spec(),
            privileged=("state", "scene"),
            environments=("BDRBench-v0", *(f"BDRBench-{name}-v0" for name in TASKS)),
        )

    def reset(self, slots: Sequence[Slot]) -> None:
        """Begin an episode."""
        for slot in slots:
            self._programs.pop(slot.id, None)

    def act(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return one action for each slot, ``(B, 1, 7)``."""
        pairs = zip(batch.slots, batch.infos, strict=True)
        return np.array(
            [[self._act(slot.id, info["scene"], info["state"])] for slot, info in pairs]
        )

    def _act(
        self, slot: int, scene: dict[str, Any], state: dict[str, Any]
    ) -> npt.NDArray[np.float64]:
        if slot not in self._programs:
            hand = Hand(scene, state)
            program = SKILLS[str(scene["verb"])](hand)
            self._programs[slot] = (hand, then_rest(program, partial(_stay, hand)))
        hand, program = self._programs[slot]
        hand.look(scene, state)
        return next(program)


def _stay(hand: Hand) -> npt.NDArray[np.float64]:
    return next(hand.wait(1))
