"""What the CALVIN environment offers, said without importing the simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
from vla_gym_calvin import facts

# Relative actions on the commanded pose. The official environment sets no limits; its data lies
# in [-1, 1]. Euler angles are added component by component.
ACTION = ActionSpec(
    parts=(
        TranslationSpec(
            mode=Mode.DELTA,
            frame=Frame.WORLD,
            meters_per_unit=facts.METERS_PER_UNIT,
            reference=Reference.COMMANDED,
        ),
        RotationSpec(
            representation=Rotation.EULER_XYZ,
            mode=Mode.DELTA,
            frame=Frame.WORLD,
            radians_per_unit=facts.RADIANS_PER_UNIT,
            additive=True,
            reference=Reference.COMMANDED,
        ),
        GripperSpec(open=1.0, closed=-1.0, mode=Mode.ABSOLUTE, binary=True),
    ),
    control_hz=facts.CONTROL_HZ,
)

# The fields of ``robot_obs``.
PROPRIOCEPTION = (
    ProprioceptionField(name="ee_position", size=3, unit="m", frame=Frame.WORLD),
    ProprioceptionField(
        name="ee_rotation", size=3, unit="rad", frame=Frame.WORLD, rotation=Rotation.EULER_XYZ
    ),
    ProprioceptionField(name="gripper_width", size=1, unit="m"),
    ProprioceptionField(name="joint_positions", size=7, unit="rad"),
    ProprioceptionField(name="gripper_action", size=1, unit="1"),
)


def env_contract(
    *,
    cameras: Sequence[str] = tuple(facts.CAMERA_SIZES),
    camera_sizes: Mapping[str, Sequence[int]] | None = None,
    **_: Any,
) -> EnvContract:
    """Return the contract of ``CalvinEnv`` made with these keyword arguments.

    Raises:
        OptionError: Something that is no list of roles or no size.
        UnknownNameError: A camera that is not there.
    """
    sizes = resolve_camera_sizes(facts.CAMERA_SIZES, cameras, camera_sizes)
    return EnvContract(
        cameras={role: CameraSpec(height=size[0], width=size[1]) for role, size in sizes.items()},
        proprioception=PROPRIOCEPTION,
        action=ACTION,
        privileged=("robot_obs", "scene_obs"),
        base_aligned_with_world=True,
        base_pose=(*facts.ROBOT_BASE, 0.0, 0.0, 0.0, 1.0),
    )


def dataset_spec() -> DatasetSpec:
    """Return what is recorded in ``CalvinEnv``, with both cameras at their own size."""
    return DatasetSpec.of(env_contract())


def task_names(**_: Any) -> tuple[str, ...]:
    """Return the names of the sub-tasks, which are the same in all scenes."""
    return facts.TASKS
