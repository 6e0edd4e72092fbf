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
    Mode,
    ProprioceptionField,
    Rotation,
    RotationSpec,
    TranslationSpec,
)
from vla_gym.env.cameras import resolve_camera_sizes
from vla_gym_simpler.facts.robots import ROBOTS
from vla_gym_simpler.facts.tasks import CAMERA, TaskFacts
from vla_gym_simpler.options import ALWAYS, read_options, task_facts


def action_spec(robot: str) -> ActionSpec:
    """Return what an action means: metres and a rotation vector in base axes, not normalised.

    The WidowX adds it to the commanded pose, the Google Robot to the measured one. Nothing is
    limited or clipped (but the WidowX' gripper), as in the official environments.
    """
    facts = ROBOTS[robot]
    return ActionSpec(
        parts=(
            TranslationSpec(
                mode=Mode.DELTA,
                frame=Frame.BASE,
                meters_per_unit=1.0,
                reference=facts.reference,
            ),
            RotationSpec(
                representation=Rotation.AXIS_ANGLE,
                mode=Mode.DELTA,
                frame=Frame.BASE,
                radians_per_unit=1.0,
                reference=facts.reference,
            ),
            facts.gripper,
        ),
        control_hz=facts.control_hz,
    )


def proprioception(robot: str) -> tuple[ProprioceptionField, ...]:
    """Return the fields of the proprioception vector."""
    return (
        ProprioceptionField(name="ee_position", size=3, unit="m", frame=Frame.BASE),
        ProprioceptionField(
            name="ee_rotation", size=4, unit="1", frame=Frame.BASE, rotation=Rotation.QUAT_XYZW
        ),
        ProprioceptionField(name="gripper_opening", size=1, unit="1"),
        ProprioceptionField(name="joint_positions", size=len(ROBOTS[robot].joints), unit="rad"),
    )


def picture_sizes(
    robot: str, cameras: Sequence[str], sizes: Mapping[str, Sequence[int]] | None
) -> dict[str, tuple[int, int]]:
    """Return (height, width) by role of the cameras asked for."""
    camera = ROBOTS[robot].camera
    official = {CAMERA: (camera.height, camera.width)}
    return resolve_camera_sizes(official, cameras, sizes, least=LEAST_SIDE)


def env_contract(
    *,
    task: str,
    cameras: Sequence[str] = (CAMERA,),
    camera_sizes: Mapping[str, Sequence[int]] | None = None,
    **options: Any,
) -> EnvContract:
    """Return the contract of ``SimplerEnv`` made with these keyword arguments.

    Raises:
        UnknownNameError: For a task that is not there.
        OptionError: For a keyword that the task does not understand.
    """
    robot = _checked(task, options).robot
    sizes = picture_sizes(robot, cameras, camera_sizes)
    return EnvContract(
        cameras={role: CameraSpec(height=h, width=w) for role, (h, w) in sizes.items()},
        proprioception=proprioception(robot),
        action=action_spec(robot),
        privileged=("state", "scene"),
        base_aligned_with_world=False,
    )


def task_names(*, task: str, **options: Any) -> tuple[str, ...]:
    """Return the names of the sub-tasks of ``SimplerEnv`` made with these keyword arguments.

    Raises:
        UnknownNameError: For a task that is not there.
        OptionError: For a keyword that the task does not understand.
    """
    return _checked(task, options).subtasks


def _checked(task: str, options: Mapping[str, Any]) -> TaskFacts:
    """Return the facts of a task after a look at all its keywords."""
    read_options(task, {name: options[name] for name in options if name not in ALWAYS})
    return task_facts(task)
