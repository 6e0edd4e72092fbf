"""A planar arm of two links that reaches for coloured spots: a whole environment."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from vla_gym.contract import spec
from vla_gym.env import TaskEnv, Verdict
from vla_gym.env.cameras import resolve_camera_sizes
from vla_gym_template_env import arm

SIZES = {"static": (64, 64)}
SPOTS = {"reach_red": (255, 0, 0), "reach_green": (0, 255, 0), "reach_blue": (0, 0, 255)}
NEAR, STEP = 0.03, 0.02  # metres
DELTA = {"mode": spec.Mode.DELTA, "frame": spec.Frame.WORLD, "reference": spec.Reference.MEASURED}
ACTION = spec.ActionSpec(
    parts=(
        spec.TranslationSpec(**DELTA, meters_per_unit=STEP),
        spec.RotationSpec(
            **DELTA, representation=spec.Rotation.EULER_XYZ, radians_per_unit=0.05, additive=True
        ),
        spec.GripperSpec(open=1, closed=-1, mode=spec.Mode.ABSOLUTE, binary=True),
    ),
    control_hz=10,
)


def contract(*, cameras: Sequence[str] = tuple(SIZES), **_: Any) -> spec.EnvContract:
    """Return what the environment offers, without building it."""
    sizes = resolve_camera_sizes(SIZES, cameras)
    return spec.EnvContract(
        cameras={role: spec.CameraSpec(height=h, width=w) for role, (h, w) in sizes.items()},
        proprioception=(spec.ProprioceptionField(name="joints", size=2, unit="rad"),),
        action=ACTION,
        privileged=("offset",),
        base_aligned_with_world=True,
    )


def task_names(**_: Any) -> tuple[str, ...]:
    """Return the names of the sub-tasks."""
    return tuple(SPOTS)


class ArmEnv(TaskEnv):
    """Moves its tool in the plane; a sub-task is achieved within 3 cm of its spot."""

    def __init__(
        self,
        *,
        cameras: Sequence[str] = tuple(SIZES),
        max_steps: int = 60,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(
            contract(cameras=cameras),
            tuple(SPOTS),
            action_space=spaces.Box(-1.0, 1.0, (ACTION.size,), np.float32),
            max_steps=max_steps,
            render_mode=render_mode,
        )
        self.roles = tuple(SIZES)
        self._spots: dict[str, npt.NDArray[np.float64]] = {}
        self._joints = np.zeros(2)

    def _begin(self, seed: int | None, options: Mapping[str, Any]) -> Mapping[str, Any]:
        del options
        rng = np.random.default_rng(self.episode_seed(seed))
        angles = rng.uniform(0.4, 2.2, (len(SPOTS), 2))
        self._spots = {n: arm.tool(pair) for n, pair in zip(SPOTS, angles, strict=True)}
        self._joints = np.array([0.3, 2.5])
        return {}

    def _step(self, action: npt.NDArray[Any]) -> Verdict:
        self._joints = arm.moved(self._joints, np.clip(action[:2], -1.0, 1.0) * STEP)
        done = bool(self.task) and float(np.linalg.norm(self._offset())) < NEAR
        return Verdict(done, moves_on=done)

    def _offset(self) -> npt.NDArray[np.float64]:
        spot = self._spots.get(self.task)
        return np.zeros(2) if spot is None else spot - arm.tool(self._joints)

    def _details(self) -> Mapping[str, Any]:
        offset = self._offset()
        return {"offset": offset, "metrics": {"distance": float(np.linalg.norm(offset))}}

    def _proprioception(self) -> npt.NDArray[np.float32]:
        return self._joints.astype(np.float32)

    def _pictures(self, roles: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        spots = [(spot, SPOTS[name]) for name, spot in self._spots.items()]
        return {role: arm.picture(self._joints, spots, SIZES[role]) for role in roles}

    def describe(self) -> Mapping[str, Any]:
        """Return what a result should record."""
        return {"engine": {"numpy": np.__version__}, "renderer": None}
