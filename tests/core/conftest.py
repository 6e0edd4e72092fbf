"""A world without physics: a point that moves, a gripper, two cameras, two tasks."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import settings

from vla_gym.contract import (
    ActionSpec,
    CameraSpec,
    EnvContract,
    Frame,
    GripperSpec,
    Mode,
    PolicySpec,
    ProprioceptionField,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)
from vla_gym.errors import ActionError, OptionError

settings.register_profile("contract", deadline=None, max_examples=25, derandomize=True)
settings.load_profile("contract")

CAMERAS = {"static": CameraSpec(height=8, width=8), "wrist": CameraSpec(height=6, width=6)}
FIELDS = (
    ProprioceptionField(name="ee_position", size=3, unit="m", frame=Frame.WORLD),
    ProprioceptionField(
        name="ee_rotation", size=3, unit="rad", frame=Frame.WORLD, rotation=Rotation.EULER_XYZ
    ),
    ProprioceptionField(name="gripper_width", size=1, unit="m"),
)


def make_action(**changes: Any) -> ActionSpec:
    """Return additive Euler deltas of the commanded pose, binary gripper +1 open."""
    parts: dict[str, Any] = {
        "translation": TranslationSpec(
            mode=Mode.DELTA,
            frame=Frame.WORLD,
            meters_per_unit=0.02,
            reference=Reference.COMMANDED,
        ),
        "rotation": RotationSpec(
            representation=Rotation.EULER_XYZ,
            mode=Mode.DELTA,
            frame=Frame.WORLD,
            radians_per_unit=0.05,
            additive=True,
            reference=Reference.COMMANDED,
        ),
        "gripper": GripperSpec(open=1, closed=-1, mode=Mode.ABSOLUTE, binary=True),
    }
    ends = {name: changes.pop(name, None) for name in ("low", "high")}
    chosen = [changes.pop(kind, part) for kind, part in parts.items()]
    return ActionSpec(
        parts=tuple(_limited(part, chosen, ends) for part in chosen),
        **{"control_hz": 30, **changes},
    )


def _limited(part: Any, parts: list[Any], ends: dict[str, Any]) -> Any:
    """Return a part with its share of limits that are given for the whole action."""
    start = sum(other.size for other in parts[: parts.index(part)])
    share = {n: tuple(e[start : start + part.size]) for n, e in ends.items() if e is not None}
    return part.model_copy(update=share)


def make_env_spec(**changes: Any) -> EnvContract:
    """Return the spec of the point world."""
    parts: dict[str, Any] = {
        "cameras": CAMERAS,
        "proprioception": FIELDS,
        "action": make_action(),
        "privileged": ("point",),
        "base_aligned_with_world": True,
    }
    return EnvContract(**{**parts, **changes})


def make_policy_spec(**changes: Any) -> PolicySpec:
    """Return the spec of a policy that fits the point world as it is."""
    parts: dict[str, Any] = {"cameras": {}, "proprioception": (), "action": make_action()}
    return PolicySpec(**{**parts, **changes})


class PointEnv(gymnasium.Env):
    """Keeps the contract; tests break one promise at a time in subclasses."""

    tasks = ("go_right", "go_up")
    metadata = {"render_modes": []}  # noqa: RUF012 (as Gymnasium declares it)

    def __init__(self) -> None:
        self.contract = make_env_spec()
        self.action_space = gymnasium.spaces.Box(-1, 1, (7,), np.float64)
        pictures = {
            role: gymnasium.spaces.Box(0, 255, (spec.height, spec.width, 3), np.uint8)
            for role, spec in CAMERAS.items()
        }
        self.observation_space = gymnasium.spaces.Dict(
            {
                "images": gymnasium.spaces.Dict(pictures),
                "proprioception": gymnasium.spaces.Box(-np.inf, np.inf, (7,), np.float32),
                "instruction": gymnasium.spaces.Text(100, min_length=0),
            }
        )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        options = options or {}
        if unknown := set(options) - {"subtasks"}:
            raise OptionError(f"unknown options {sorted(unknown)}")
        self._chain = list(options.get("subtasks", ()))
        if set(self._chain) - set(self.tasks):
            raise OptionError("unknown task")
        self.point = self.np_random.normal(size=6)
        self.width = 0.0
        return self._observe(), self._info(success=False)

    def step(self, action):
        action = self._checked(action)
        self.point = self.point + action[:6] * 0.02
        self.width = 0.04 * (action[6] > 0)
        return self._observe(), 0.0, False, False, self._info(success=False)

    def step_chunk(self, actions, *, observe: bool = True):
        actions = np.asarray(actions)
        if actions.ndim != 2 or len(actions) == 0:
            raise ActionError("expected (n, 7)")
        for action in [self._checked(action) for action in actions]:
            observation, reward, terminated, truncated, info = self.step(action)
        if not observe:
            del observation["images"]
        return observation, reward, terminated, truncated, {**info, "steps": len(actions)}

    def render_cameras(self, names):
        if unknown := set(names) - set(CAMERAS):
            raise OptionError(f"unknown cameras {sorted(unknown)}")
        value = int(abs(self.point[0]) * 100) % 256
        return {
            role: np.full((CAMERAS[role].height, CAMERAS[role].width, 3), value, np.uint8)
            for role in names
        }

    def begin_subtask(self, name):
        self._chain = [name]

    def describe(self):
        return {"engine": "none"}

    def _checked(self, action):
        action = np.asarray(action)
        if action.shape != (7,) or not np.isfinite(action).all():
            raise ActionError(f"expected 7 finite numbers, got {action}")
        return action

    def _observe(self) -> dict[str, Any]:
        return {
            "images": self.render_cameras(("static", "wrist")),
            "proprioception": np.append(self.point, self.width).astype(np.float32),
            "instruction": f"please {self._chain[0]}" if self._chain else "",
        }

    def _info(self, *, success: bool) -> dict[str, Any]:
        task = self._chain[0] if self._chain else ""
        plain = {"success": success, "task": task, "subtask_index": 0, "steps": 0}
        return {**plain, "point": self.point.copy()}


@pytest.fixture(scope="session")
def world():
    """What the tests of the contract build on."""

    class World:
        Env = PointEnv
        action = staticmethod(make_action)
        env_contract = staticmethod(make_env_spec)
        policy_spec = staticmethod(make_policy_spec)
        fields = FIELDS
        cameras = CAMERAS

    return World
