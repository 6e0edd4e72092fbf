"""Two arms of three joints and a gripper each: a robot that has no translation and no rotation.

Whatever takes an action for an end effector and one gripper fails here. It is registered like the
mock world, by importing this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import (
    ActionSpec,
    CameraSpec,
    EnvContract,
    GripperSpec,
    JointsSpec,
    Mode,
    PolicySpec,
    ProprioceptionField,
    Reference,
)
from vla_gym.testing.mock_env import MockWorld, unit_limits

TWO_ARMS = "MockTwoArms-v0"
TWO_ARMS_ID = f"{__name__}:{TWO_ARMS}"
ARMS = ("left", "right")
JOINTS = ("shoulder", "elbow", "wrist")
RADIANS_PER_UNIT = 0.1
WIND = 0.004
"""Standard deviation of what moves a joint besides, rad a step."""
FAR = 0.4
"""A joint that was to move is there, rad."""
PIXELS = 32

TWO_ARM_TASKS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "raise_left": ((0.6, 0, 0, 0), (0, 0, 0, 0)),
    "raise_right": ((0, 0, 0, 0), (0.6, 0, 0, 0)),
    "raise_both": ((0.6, 0, 0, 0), (0.6, 0, 0, 0)),
    "cross": ((0.6, -0.6, 0, 0), (-0.6, 0.6, 0, 0)),
    "twist_both": ((0, 0, 0.6, 0), (0, 0, -0.6, 0)),
    "close_left": ((0, 0, 0, -1), (0, 0, 0, 0)),
    "hand_over": ((0, 0, 0, 1), (0, 0, 0, -1)),
}
"""By name, for both arms: where the joints should go (rad; 0: anywhere), and the gripper (0: as it
likes)."""


def two_arm_contract(**kwargs: Any) -> EnvContract:
    """Return the contract of the two arms; no keyword argument changes it."""
    del kwargs
    fields = [
        (
            ProprioceptionField(name="joint_positions", size=3, unit="rad", arm=arm, names=JOINTS),
            ProprioceptionField(name="gripper_width", size=1, unit="m", arm=arm),
        )
        for arm in ARMS
    ]
    return EnvContract(
        cameras={"static": CameraSpec(height=PIXELS, width=PIXELS)},
        proprioception=tuple(field for pair in fields for field in pair),
        action=ActionSpec(
            parts=tuple(part for arm in ARMS for part in _parts(arm)), control_hz=30.0, clip=True
        ),
        privileged=("target",),
        base_aligned_with_world=True,
    )


def _parts(arm: str) -> tuple[JointsSpec, GripperSpec]:
    joints = JointsSpec(
        arm=arm,
        names=JOINTS,
        mode=Mode.DELTA,
        unit="rad",
        per_unit=RADIANS_PER_UNIT,
        reference=Reference.MEASURED,
        **unit_limits(3),
    )
    gripper = GripperSpec(
        arm=arm, open=1.0, closed=-1.0, mode=Mode.ABSOLUTE, binary=False, **unit_limits(1)
    )
    return joints, gripper


class MockTwoArms(MockWorld):
    """See the module; arguments as those of ``MockWorld``."""

    def __init__(self, *, cameras: Sequence[str] = ("static",), **options: Any) -> None:
        super().__init__(cameras=cameras, **options)
        self._joints, self._widths = np.zeros((2, 3)), np.full(2, 0.08)

    def describe(self) -> Mapping[str, Any]:
        """Return what a result should record."""
        return {"world": "mock, two arms", "renderer": {"fingerprint": "spots"}}

    def _offer(self) -> tuple[EnvContract, Mapping[str, Any]]:
        return two_arm_contract(), TWO_ARM_TASKS

    def _place(self) -> None:
        self._joints = self.np_random.uniform(-0.1, 0.1, (2, 3))
        self._widths = np.full(2, 0.08)

    def _move(self, action: npt.NDArray[np.float64]) -> None:
        each = action.reshape(2, 4)
        wind = self.np_random.normal(0.0, WIND, (2, 3))
        self._joints = np.clip(self._joints + RADIANS_PER_UNIT * each[:, :3] + wind, -1.5, 1.5)
        self._widths = np.clip(self._widths + 0.02 * np.sign(each[:, 3]), 0.0, 0.08)

    def _achieved(self) -> bool:
        target = self._target().reshape(2, 4)
        goal, grip = target[:, :3], target[:, 3]
        there = (goal == 0.0) | (self._joints * np.sign(goal) > FAR)
        held = (grip == 0.0) | ((self._widths < 0.01) == (grip < 0.0))
        return bool(there.all() and held.all())

    def _state(self) -> list[float]:
        return np.column_stack([self._joints, self._widths]).ravel().tolist()

    def _target(self) -> npt.NDArray[np.float64]:
        return np.array(TWO_ARM_TASKS.get(self.task, ((0.0,) * 4,) * 2), np.float64).ravel()

    def _distance(self) -> float:
        return float(np.linalg.norm(self._joints))

    def _picture(self, camera: str) -> npt.NDArray[np.uint8]:
        """Return uint8 ``(H, W, 3)``: a red and a green spot where the arms' hands are."""
        del camera
        rows, columns = np.mgrid[0:PIXELS, 0:PIXELS]
        picture = np.full((PIXELS, PIXELS, 3), 40.0)
        for arm, (joints, width) in enumerate(zip(self._joints, self._widths, strict=True)):
            row, column = (joints[:2] / 1.5 + 1.0) * PIXELS / 2
            spot = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 8.0)
            picture[..., arm] += 200.0 * spot
            picture[..., 2] += 40.0 * (joints[2] / 1.5 + 1.0) * (arm + 1) + 400.0 * width
        return np.asarray(np.clip(picture, 0, 255), np.uint8)


class TwoArmExpert:
    """Moves both arms to the target, a little unsteadily."""

    def __init__(self) -> None:
        contract = two_arm_contract()
        self.spec = PolicySpec(
            cameras={},
            proprioception=contract.proprioception,
            action=contract.action,
            privileged=("target",),
        )
        self._streams: dict[int, np.random.Generator] = {}

    def reset(self, slots: Sequence[Slot]) -> None:
        """Start the random streams of these slots again."""
        for slot in slots:
            self._streams[slot.id] = np.random.default_rng(slot.seed)

    def act(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return float64 ``(B, 1, 8)``."""
        rows = zip(batch.slots, batch.infos, batch.proprioception, strict=True)
        return np.stack([self._decide(slot, info["target"], seen) for slot, info, seen in rows])

    def _decide(
        self, slot: Slot, target: npt.NDArray[np.float64], seen: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float64]:
        goal, state = target.reshape(2, 4), seen.astype(np.float64).reshape(2, 4)
        action = np.where(goal == 0.0, 0.0, np.clip((goal - state) * 10.0, -1.0, 1.0))
        action[:, :3] += self._streams[slot.id].normal(0.0, 0.05, (2, 3))
        action[:, 3] = np.where(goal[:, 3] == 0.0, 1.0, goal[:, 3])
        return np.clip(action, -1.0, 1.0).reshape(1, 8)


if TWO_ARMS not in gymnasium.registry:
    gymnasium.register(TWO_ARMS, entry_point=f"{__name__}:MockTwoArms")
