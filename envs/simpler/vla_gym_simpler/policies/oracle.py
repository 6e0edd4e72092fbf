"""``simpler-oracle``: a scripted expert that sees the ground truth and does all nine tasks.

It is the upper bound of the benchmark and a source of demonstrations. Each running episode has its
own program: a generator of actions that looks at the state before each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import EnvContract, PolicySpec
from vla_gym.policies.scripted import then_rest
from vla_gym_simpler.facts.robots import ROBOTS
from vla_gym_simpler.facts.tasks import TASKS
from vla_gym_simpler.policies.hand import Hand, Motion
from vla_gym_simpler.policies.skills import SKILLS
from vla_gym_simpler.spec import action_spec


class SimplerOracle:
    """The policy.

    Args:
        env_contract: Where it acts: its action says which robot it drives. Whether it may act there
            at all is told by its spec, as that of every expert.
    """

    def __init__(self, *, env_contract: EnvContract) -> None:
        driven = [robot for robot in ROBOTS if action_spec(robot) == env_contract.action]
        self._robot = driven[0] if driven else next(iter(ROBOTS))
        self._programs: dict[int, tuple[Hand, Motion]] = {}

    @property
    def spec(self) -> PolicySpec:
        """No cameras: it reads the state of the simulator."""
        return PolicySpec(
            cameras={},
            proprioception=(),
            action=action_spec(self._robot),
            privileged=("state", "scene"),
            environments=tuple(f.env_id for f in TASKS.values() if f.robot == self._robot),
        )

    def reset(self, slots: Sequence[Slot]) -> None:
        """Begin an episode; a later sub-task is the program's own affair."""
        for slot in slots:
            if slot.subtask == 0:
                self._programs.pop(slot.id, None)

    def act(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return one action for each slot, ``(B, 1, 7)``."""
        pairs = zip(batch.slots, batch.infos, strict=True)
        return np.array(
            [[self._act(slot.id, info["scene"], info["state"])] for slot, info in pairs]
        )

    def _act(
        self, slot: int, scene: dict[str, object], state: dict[str, object]
    ) -> npt.NDArray[np.float64]:
        if slot not in self._programs:
            hand = Hand(scene, state)
            program = SKILLS[str(scene["task"])](hand)
            self._programs[slot] = (hand, then_rest(program, partial(_stay, hand)))
        hand, program = self._programs[slot]
        hand.look(scene, state)
        return next(program)


def _stay(hand: Hand) -> npt.NDArray[np.float64]:
    return next(hand.wait(1))
