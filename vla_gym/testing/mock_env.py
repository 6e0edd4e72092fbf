"""A point-like hand in a box, with wind: the smallest world that follows the whole contract.

It has two cameras, chains of sub-tasks, chunks, seeds that matter, and pictures that depend on the
state, so whatever the runner mixes up becomes visible in a record.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
import numpy.typing as npt

from vla_gym.contract.env import Observation, StepResult
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
from vla_gym.env.spaces import checked_actions
from vla_gym.errors import OptionError, UnknownNameError, suggest
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


class MockWorld(gymnasium.Env[Observation, npt.NDArray[np.float64]]):
    """See the module.

    Args:
        cameras: Roles to render into observations.
        advance: The world goes on to the next sub-task at a success; otherwise it reports success
            and leaves the rest to its user (``begin_subtask``).
        broken: Raise an error with this text instead of being built.
    """

    metadata = {"render_modes": [], "render_fps": 30}  # noqa: RUF012 (Gymnasium's own form)
    tasks: ClassVar[Mapping[str, Any]] = TASKS
    """What can be asked for."""

    def __init__(
        self,
        *,
        cameras: Sequence[str] = tuple(SIZES),
        advance: bool = True,
        broken: str = "",
    ) -> None:
        if broken:
            raise OptionError(broken)
        self._cameras, self._advance = tuple(cameras), advance
        self.contract = mock_contract()
        self.observation_space = _observation_space(self._cameras)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (7,), np.float64)
        self.rendered = 0
        self._subtasks: tuple[str, ...] = ()
        self._fault: Mapping[str, Any] = {}
        self._current = ""
        self._completed = self._steps = 0
        self._hand = np.zeros(3)
        self._width = 0.08

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; options are ``subtasks`` and ``fault`` (see ``faults.inject``)."""
        super().reset(seed=seed)
        given = dict(options or {})
        self._subtasks = tuple(given.pop("subtasks", ()))
        self._fault = given.pop("fault", {})
        if given:
            raise OptionError(f"MockWorld has no reset option {sorted(given)}.")
        for name in self._subtasks:
            if name not in self.tasks:
                raise OptionError(f"Unknown sub-task {name!r}. {suggest(name, self.tasks)}")
        self._begin()
        self._completed, self._steps = 0, 0
        self._current = self._subtasks[0] if self._subtasks else ""
        inject(self._fault, 0)
        return self._observe(), {**self._info(success=False), "steps": 0}

    def step(self, action: npt.NDArray[np.floating[Any]]) -> StepResult:
        """Do one action ``(7,)``."""
        return self.step_chunk(np.asarray(action)[None])

    def step_chunk(
        self, actions: npt.NDArray[np.floating[Any]], *, observe: bool = True
    ) -> StepResult:
        """Do actions ``(n, 7)`` up to a success; observe after the last one."""
        success, steps = False, 0
        for action in checked_actions(actions, size=self.contract.action.size, ndim=2):
            self._steps += 1
            inject(self._fault, self._steps)
            self._move(np.asarray(action, np.float64))
            steps += 1
            if success := self._achieved():
                break
        if success and self._advance:
            self._completed += 1
            done = self._completed >= len(self._subtasks)
            self._current = "" if done else self._subtasks[self._completed]
        terminated = bool(self._subtasks) and not self._current
        info = {**self._info(success=success), "steps": steps}
        return self._observe(pictures=observe), float(success), terminated, False, info

    def begin_subtask(self, name: str) -> None:
        """Work on another sub-task from now on."""
        if name not in self.tasks:
            raise OptionError(f"Unknown sub-task {name!r}. {suggest(name, self.tasks)}")
        self._current = name

    def render_cameras(self, names: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        """Return pictures of the present state."""
        self.rendered += 1
        for name in names:
            if name not in self.contract.cameras:
                raise UnknownNameError("camera", name, self.contract.cameras)
        return {name: self._picture(name) for name in names}

    def describe(self) -> Mapping[str, Any]:
        """Return what a result should record."""
        picture = _picture(np.zeros(3), 0.08, SIZES["static"])
        return {"world": "mock", "renderer": {"fingerprint": f"{int(picture.sum()):x}"}}

    def _begin(self) -> None:
        """Put everything where an episode begins."""
        self._hand = self.np_random.uniform(-0.1, 0.1, 3)
        self._width = 0.08

    def _move(self, action: npt.NDArray[np.float64]) -> None:
        """Do one action."""
        wind = self.np_random.normal(0.0, WIND, 3)
        self._hand = np.clip(self._hand + action[:3] * METRES_PER_UNIT + wind, -0.5, 0.5)
        self._width = float(np.clip(self._width + 0.02 * np.sign(action[6]), 0.0, 0.08))

    def _achieved(self) -> bool:
        """Whether the present sub-task is fulfilled."""
        if not self._current:
            return False
        *place, grip = TASKS[self._current]
        there = all(
            abs(p) < 1e-9 or h * np.sign(p) > REACH for p, h in zip(place, self._hand, strict=True)
        )
        closed = self._width < 0.01
        return bool(there and (grip == 0.0 or closed == (grip < 0)))

    def _observe(self, *, pictures: bool = True) -> Observation:
        obs: Observation = {
            "proprioception": np.array(self._state(), np.float32),
            "instruction": self._current.replace("_", " "),
        }
        if pictures:
            obs["images"] = self.render_cameras(self._cameras) if self._cameras else {}
        return obs

    def _info(self, *, success: bool) -> dict[str, Any]:
        return {
            "success": success,
            "task": self._current,
            "subtask_index": self._completed,
            "target": self._target(),
            "metrics": {"distance": self._distance()},
        }

    def _state(self) -> list[float]:
        """Return the proprioception."""
        return [*self._hand, self._width]

    def _target(self) -> npt.NDArray[np.float64]:
        """Return what an expert may know."""
        return np.array(TASKS.get(self._current, (0.0,) * 4))

    def _distance(self) -> float:
        return float(np.linalg.norm(self._hand))

    def _picture(self, camera: str) -> npt.NDArray[np.uint8]:
        """Return what a camera sees now."""
        return _picture(self._hand, self._width, SIZES[camera])


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


def _observation_space(cameras: Sequence[str]) -> gymnasium.spaces.Dict:
    pictures: dict[str, gymnasium.Space[Any]] = {
        n: gymnasium.spaces.Box(0, 255, (*SIZES[n], 3), np.uint8) for n in cameras
    }
    return gymnasium.spaces.Dict(
        {
            "images": gymnasium.spaces.Dict(pictures),
            "proprioception": gymnasium.spaces.Box(-1.0, 1.0, (4,), np.float32),
            "instruction": gymnasium.spaces.Text(200, min_length=0, charset=string.printable),
        }
    )


if NAME not in gymnasium.registry:
    gymnasium.register(NAME, entry_point=f"{__name__}:MockWorld")
