"""A policy that waves the arm: all it remembers of a slot is how often it was asked."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vla_gym.contract import spec
from vla_gym.contract.policy import Batch, Slot
from vla_gym.schema import Record

DELTA = {"mode": spec.Mode.DELTA, "frame": spec.Frame.WORLD, "reference": spec.Reference.COMMANDED}
_EULER = spec.Rotation.EULER_XYZ
ACTION = spec.ActionSpec(
    parts=(
        spec.TranslationSpec(**DELTA, meters_per_unit=0.02),
        spec.RotationSpec(**DELTA, representation=_EULER, radians_per_unit=0.05, additive=True),
        spec.GripperSpec(open=1, closed=-1, mode=spec.Mode.ABSOLUTE, binary=True),
    ),
    control_hz=30,
)


class WaveOptions(Record):
    """What ``--set`` takes; ``amplitude`` 1 is 2 cm per step."""

    amplitude: float = 0.3


class WavePolicy:
    """Moves up and down."""

    def __init__(self, options: WaveOptions) -> None:
        """Look at nothing."""
        self.spec = spec.PolicySpec(cameras={}, proprioception=(), action=ACTION)
        self._amplitude, self._asked = options.amplitude, dict[int, int]()

    def reset(self, slots: Sequence[Slot]) -> None:
        """Forget these slots."""
        self._asked.update({slot.id: 0 for slot in slots})

    def act(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return one action per slot, ``(B, 1, 7)``: translation, rotation, gripper."""
        actions = np.zeros((len(batch), 1, ACTION.size))
        actions[..., ACTION.place(spec.GripperSpec)] = 1
        for action, slot in zip(actions[:, 0], batch.slots, strict=True):
            action[2] = self._amplitude * np.sin(self._asked[slot.id] / 10)
            self._asked[slot.id] += 1
        return actions
