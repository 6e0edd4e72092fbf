"""What the environments offer, said without importing the simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vla_gym_sapien.rendering import LEAST_SIDE

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
from vla_gym.datasets.demonstration import DatasetSpec
from vla_gym.env.cameras import resolve_camera_sizes
from vla_gym_bdr import facts

CAMERAS = ("static", "wrist")


def _unit(size: int) -> dict[str, Any]:
    """Return limits of -1 and 1."""
    return {"low": (-1.0,) * size, "high": (1.0,) * size}


def action_spec() -> ActionSpec:
    """Return what an action means: deltas of the commanded tool pose, and the gripper."""
    return ActionSpec(
        parts=(
            TranslationSpec(
                mode=Mode.DELTA,
                frame=Frame.BASE,
                meters_per_unit=facts.METERS_PER_UNIT,
                reference=Reference.COMMANDED,
                **_unit(3),
            ),
            RotationSpec(
                representation=Rotation.AXIS_ANGLE,
                mode=Mode.DELTA,
                frame=Frame.BASE,
                radians_per_unit=facts.RADIANS_PER_UNIT,
                reference=Reference.COMMANDED,
                **_unit(3),
            ),
            GripperSpec(open=1.0, closed=-1.0, mode=Mode.ABSOLUTE, binary=False, **_unit(1)),
        ),
        control_hz=facts.CONTROL_HZ,
        clip=True,
    )


def proprioception() -> tuple[ProprioceptionField, ...]:
    """Return the fields of the proprioception vector."""
    return (
        ProprioceptionField(name="ee_position", size=3, unit="m", frame=Frame.BASE),
        ProprioceptionField(
            name="ee_rotation", size=4, unit="1", frame=Frame.BASE, rotation=Rotation.QUAT_XYZW
        ),
        ProprioceptionField(name="gripper_opening", size=1, unit="1"),
        ProprioceptionField(name="joint_positions", size=len(facts.ARM), unit="rad"),
    )


def picture_sizes(
    cameras: Sequence[str], sizes: Mapping[str, Sequence[int]] | None
) -> dict[str, tuple[int, int]]:
    """Return (height, width) by role of the cameras asked for."""
    official = dict.fromkeys(CAMERAS, facts.PICTURE)
    return resolve_camera_sizes(official, cameras, sizes, least=LEAST_SIDE)


def env_contract(
    *,
    cameras: Sequence[str] = CAMERAS,
    camera_sizes: Mapping[str, Sequence[int]] | None = None,
    **_: Any,
) -> EnvContract:
    """Return the contract of ``BdrEnv`` made with these keyword arguments."""
    sizes = picture_sizes(cameras, camera_sizes)
    return EnvContract(
        cameras={role: CameraSpec(height=h, width=w) for role, (h, w) in sizes.items()},
        proprioception=proprioception(),
        action=action_spec(),
        privileged=("state", "scene"),
        base_aligned_with_world=True,
        base_pose=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    )


def dataset_spec() -> DatasetSpec:
    """Return what is recorded in ``BdrEnv``, with all cameras at their own size."""
    return DatasetSpec.of(env_contract())


def task_names(*, task: str | Mapping[str, Any], **_: Any) -> tuple[str, ...]:
    """Return the name of the one sub-task of ``BdrEnv`` made with these keyword arguments."""
    return (task if isinstance(task, str) else str(task.get("name", "")),)
