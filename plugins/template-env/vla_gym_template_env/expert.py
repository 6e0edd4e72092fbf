"""A scripted expert: it reads where the spot is from ``info`` and goes there."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vla_gym.contract import spec
from vla_gym.contract.policy import Batch, Slot
from vla_gym_template_env.env import ACTION, STEP


class Reacher:
    """Remembers nothing."""

    def __init__(self) -> None:
        """See only what the environment tells experts."""
        self.spec = spec.PolicySpec(
            cameras={}, proprioception=(), action=ACTION, privileged=("offset",)
        )

    def reset(self, slots: Sequence[Slot]) -> None:
        """Forget these slots."""

    def act(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return one action per slot, ``(B, 1, n)``; the gripper stays open."""
        actions = np.zeros((len(batch), 1, ACTION.size))
        actions[..., ACTION.slices["gripper"]] = 1.0
        offsets = np.stack([info["offset"] for info in batch.infos])
        actions[:, 0, :2] = np.clip(offsets / STEP, -1, 1)
        return actions
