"""A point-like hand in a box, with wind: the smallest world that follows the whole contract.

It has two cameras, chains of sub-tasks, chunks, seeds that matter, and pictures that depend on the
state, so whatever the runner mixes up becomes visible in a record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from vla_gym.contract.spec import (
    ActionSpec,
    CameraSpec,
    EnvContract,
    Frame,
    GripperSpec,
    Mode,
    ProprioceptionField,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)
from vla_gym.env.task_env import Picture, TaskEnv, Verdict
from vla_gym.errors import OptionError
from vla_gym.testing.faults import inject

NAME = "MockWorld-v0"
ENV_ID = f"{__name__}:{NAME}"
"""Id for suites: Gymnasium imports the module in front of the colon by itself."""

METRES_PER_UNIT = 0.05
WIND = 0.002
"""Standard deviation of the wind, metres a step."""
REACH = 0.2
"""Distance from the middle that counts as being at a side, metres."""
SIZES = {"static": (32, 32), "wrist": (16, 24)}

TASKS: Mapping[str, tuple[float, float, float, float]] = {
    "go_left": (-0.3, 0.0, 0.0, 0.0),
    "go_right": (0.3, 0.0, 0.0, 0.0),
    "go_back": (0.0, -0.3, 0.0, 0.0),
    "go_forward": (0.0, 0.3, 0.0, 0.0),
    "go_down": (0.0, 0.0, -0.3, 0.0),
    "go_up": (0.0, 0.0, 0.3, 0.0),
    "close_gripper": (0.0, 0.0, 0.0, -1.0),
    "open_gripper": (0.0, 0.0, 0.0, 1.0),
}
"""By name: where the hand should go (0: anywhere) and what the gripper should do (0: anything)."""


def unit_limits(size: int) -> dict[str, Any]:
    """Return limits of -1 and 1 for a part of an action."""
    return {"low": (-1.0,) * size, "high": (1.0,) * size}


def mock_contract(**kwargs: Any) -> EnvContract:
    """Return the contract of the mock world; no keyword argument changes it."""
    del kwargs
    return EnvContract(
        cameras={n: CameraSpec(height=h, width=w) for n, (h, w) in SIZES.items()},
        proprioception=(
            ProprioceptionField(name="ee_position", size=3, unit="m", frame=Frame.WORLD),
            ProprioceptionField(name="gripper_width", size=1, unit="m"),
        ),
        action=ActionSpec(
            parts=(
                TranslationSpec(
                    mode=Mode.DELTA,
                    frame=Frame.WORLD,
                    meters_per_unit=METRES_PER_UNIT,
                    reference=Reference.MEASURED,
                    **unit_limits(3),
                ),
                RotationSpec(
                    representation=Rotation.EULER_XYZ,
                    mode=Mode.DELTA,
                    frame=Frame.WORLD,
                    radians_per_unit=0.05,
                    additive=True,
                    reference=Reference.MEASURED,
                    **unit_limits(3),
                ),
                GripperSpec(
                    open=1.0, closed=-1.0, mode=Mode.ABSOLUTE, binary=False, **unit_limits(1)
                ),
            ),
            control_hz=30.0,
            clip=True,
        ),
        privileged=("target",),
        base_aligned_with_world=True,
    )


class MockWorld(TaskEnv):
    """See the module.

    Args:
        cameras: Roles to render into observations.
        advance: The world goes on to the next sub-task at a success; otherwise it reports success
            and leaves the rest to its user (``begin_subtask``).
        broken: Raise an error with this text instead of being built.
        subtasks: What a ``reset`` without them asks for.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012 (Gymnasium's own form)
    reset_options = ("fault",)
    """See ``faults.inject``."""

    def __init__(
        self,
        *,
        cameras: Sequence[str] = tuple(SIZES),
        advance: bool = True,
        broken: str = "",
        subtasks: Sequence[str] = (),
        render_mode: str | None = None,
    ) -> None:
        if broken:
            raise OptionError(broken)
        contract, tasks = self._offer()
        size = contract.action.size
        super().__init__(
            contract.model_copy(update={"cameras": {n: contract.cameras[n] for n in cameras}}),
            tuple(tasks),
            action_space=gymnasium.spaces.Box(-1.0, 1.0, (size,), np.float64),
            subtasks=subtasks,
            render_mode=render_mode,
        )
        self.roles = tuple(contract.cameras)
        self.rendered = 0
        self._targets, self._advance = tasks, advance
        self._fault: Mapping[str, Any] = {}
        self._hand = np.zeros(3)
        self._width = 0.08

    def describe(self) -> Mapping[str, Any]:
        """Return what a result should record."""
        picture = _picture(np.zeros(3), 0.08, SIZES["static"])
        return {"world": "mock", "renderer": {"fingerprint": f"{int(picture.sum()):x}"}}

    # --- What another mock world writes anew -----------------------------------------------------

    def _offer(self) -> tuple[EnvContract, Mapping[str, Any]]:
        """Return the contract with all cameras, and what is to be reached by task."""
        return mock_contract(), TASKS

    def _place(self) -> None:
        """Put everything where an episode begins."""
        self._hand = self.np_random.uniform(-0.1, 0.1, 3)
        self._width = 0.08

    def _move(self, action: npt.NDArray[np.float64]) -> None:
        """Do one action."""
        wind = self.np_random.normal(0.0, WIND, 3)
        self._hand = np.clip(self._hand + action[:3] * METRES_PER_UNIT + wind, -0.5, 0.5)
        self._width = float(np.clip(self._width + 0.02 * np.sign(action[6]), 0.0, 0.08))

    def _achieved(self) -> bool:
        """Whether what is to be reached is reached."""
        *place, grip = self._target()
        there = all(
            abs(p) < 1e-9 or h * np.sign(p) > REACH for p, h in zip(place, self._hand, strict=True)
        )
        closed = self._width < 0.01
        return bool(there and (grip == 0.0 or closed == (grip < 0)))

    def _state(self) -> list[float]:
        """Return the proprioception."""
        return [*self._hand, self._width]

    def _target(self) -> npt.NDArray[np.float64]:
        """Return what an expert may know."""
        return np.array(self._targets.get(self.task, (0.0,) * 4))

    def _distance(self) -> float:
        return float(np.linalg.norm(self._hand))

    def _picture(self, camera: str) -> Picture:
        """Return what a camera sees now."""
        return _picture(self._hand, self._width, SIZES[camera])

    # --- What ``TaskEnv`` asks for ---------------------------------------------------------------

    def _begin(self, seed: int | None, options: Mapping[str, Any]) -> Mapping[str, Any]:
        del seed  # wind and place come from np_random
        self._place()
        self._fault = options.get("fault", {})
        inject(self._fault, 0)
        return {}

    def _step(self, action: npt.NDArray[Any]) -> Verdict:
        inject(self._fault, self.elapsed)
        self._move(action)
        success = bool(self.task) and self._achieved()
        return Verdict(success, moves_on=success and self._advance)

    def _details(self) -> Mapping[str, Any]:
        return {"target": self._target(), "metrics": {"distance": self._distance()}}

    def _proprioception(self) -> npt.NDArray[np.float32]:
        return np.array(self._state(), np.float32)

    def _pictures(self, roles: Sequence[str]) -> dict[str, Picture]:
        self.rendered += 1
        return {name: self._picture(name) for name in roles}


def _picture(
    hand: npt.NDArray[np.float64], width: float, size: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    """Return uint8 ``(H, W, 3)``: a bright spot where the hand is, on a gradient."""
    height, breadth = size
    rows, columns = np.mgrid[0:height, 0:breadth]
    row, column = (hand[1] + 0.5) * height, (hand[0] + 0.5) * breadth
    spot = 160.0 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 8.0)
    red = 40 + spot
    green = 40 + 120.0 * rows / height + 60.0 * hand[2]
    blue = 40 + 120.0 * columns / breadth + 500.0 * width
    picture = np.clip(np.stack([red, green, blue], axis=-1), 0, 255)
    return np.asarray(picture, np.uint8)


if NAME not in gymnasium.registry:
    gymnasium.register(NAME, entry_point=f"{__name__}:MockWorld")
