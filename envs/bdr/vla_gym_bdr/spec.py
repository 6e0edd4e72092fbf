"""What the environments offer, said without importing the simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vla_gym.contract.spec import (
    ActionSpec,
    CameraSpec,
    EnvSpec,
    Frame,
    GripperSpec,
    Mode,
    ProprioceptionField,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)
from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_bdr import choices

CAMERAS = ("static", "wrist")
_UNIT = (1.0,) * 7


def action_spec() -> ActionSpec:
    """Return what an action means: deltas of the commanded tool pose, and the gripper."""
    return ActionSpec(
        translation=TranslationSpec(
            mode=Mode.DELTA,
            frame=Frame.BASE,
            meters_per_unit=choices.METERS_PER_UNIT,
            reference=Reference.COMMANDED,
        ),
        rotation=RotationSpec(
            representation=Rotation.AXIS_ANGLE,
            mode=Mode.DELTA,
            frame=Frame.BASE,
            radians_per_unit=choices.RADIANS_PER_UNIT,
            reference=Reference.COMMANDED,
        ),
        gripper=GripperSpec(open=1.0, closed=-1.0, mode=Mode.ABSOLUTE, binary=False),
        control_hz=choices.CONTROL_HZ,
        low=tuple(-value for value in _UNIT),
        high=_UNIT,
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
        ProprioceptionField(name="joint_positions", size=len(choices.ARM), unit="rad"),
    )


def picture_sizes(
    cameras: Sequence[str], sizes: Mapping[str, Sequence[int]] | None
) -> dict[str, tuple[int, int]]:
    """Return (height, width) by role of the cameras asked for.

    Raises:
        OptionError: For something that is no list of roles or no size.
        UnknownNameError: For a camera that is not there.
    """
    if isinstance(cameras, str):
        raise OptionError(f"cameras={cameras!r}: expected a list of roles, such as ['{cameras}'].")
    for role in (*cameras, *(sizes or {})):
        if role not in CAMERAS:
            raise UnknownNameError("camera", role, CAMERAS)
    found = {role: tuple((sizes or {}).get(role, choices.PICTURE)) for role in cameras}
    for role, size in found.items():
        if len(size) != 2 or min(size) < 8:
            raise OptionError(
                f"camera_sizes[{role!r}]={size}: expected (height, width), at least 8 x 8."
            )
    return {role: (int(size[0]), int(size[1])) for role, size in found.items()}


def env_spec(
    *,
    cameras: Sequence[str] = CAMERAS,
    camera_sizes: Mapping[str, Sequence[int]] | None = None,
    **_: Any,
) -> EnvSpec:
    """Return the contract of ``BdrEnv`` made with these keyword arguments."""
    sizes = picture_sizes(cameras, camera_sizes)
    return EnvSpec(
        cameras={role: CameraSpec(height=h, width=w) for role, (h, w) in sizes.items()},
        proprioception=proprioception(),
        action=action_spec(),
        privileged=("state", "scene"),
        base_aligned_with_world=True,
        base_pose=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    )
