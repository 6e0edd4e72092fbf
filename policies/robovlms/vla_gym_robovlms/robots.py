"""What the numbers of an action mean, for the robots of the paper.

A policy declares the meaning of its own outputs; the contract converts to the environment's terms
or refuses. The gripper output is a probability: the sigmoid of the head's logit. This is the
one place that says it, for every environment.
"""

from __future__ import annotations

from collections.abc import Mapping

from vla_gym.contract.spec import (
    ActionSpec,
    Frame,
    GripperSpec,
    Mode,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)
from vla_gym.errors import UnknownNameError

_GRIPPER = GripperSpec(
    open=1.0,
    closed=0.0,
    mode=Mode.ABSOLUTE,
    binary=False,
    threshold=0.5,
    sticky_repeat=0,
    open_after=1,
)
"""The sigmoid of a logit: open above a half."""


def _action(
    *,
    scale: tuple[float, float],
    hertz: float,
    frame: Frame,
    reference: Reference,
    additive: bool,
    gripper: GripperSpec = _GRIPPER,
) -> ActionSpec:
    """Return deltas of the end effector in Euler angles, and a gripper probability.

    ``scale`` is metres and radians of a number 1.
    """
    meters, radians = scale
    return ActionSpec(
        parts=(
            TranslationSpec(
                mode=Mode.DELTA, frame=frame, meters_per_unit=meters, reference=reference
            ),
            RotationSpec(
                representation=Rotation.EULER_XYZ,
                mode=Mode.DELTA,
                frame=frame,
                radians_per_unit=radians,
                additive=additive,
                reference=reference,
            ),
            gripper,
        ),
        control_hz=hertz,
    )


# CALVIN: relative actions, 1 is 2 cm and 0.05 rad of the commanded pose (rel_actions: x50, x20).
# WidowX (Bridge) and the Google robot (RT-1 data): metres and radians of the measured pose, 5 and
# 3 Hz; the reference opens the WidowX gripper after two open decisions and repeats a change of the
# Google robot's twice (15 in the upstream wrapper).
ROBOTS: Mapping[str, ActionSpec] = {
    "calvin": _action(
        scale=(0.02, 0.05),
        hertz=30.0,
        frame=Frame.WORLD,
        reference=Reference.COMMANDED,
        additive=True,
    ),
    "widowx": _action(
        scale=(1.0, 1.0),
        hertz=5.0,
        frame=Frame.BASE,
        reference=Reference.MEASURED,
        additive=False,
        gripper=_GRIPPER.model_copy(update={"open_after": 2}),
    ),
    "google-robot": _action(
        scale=(1.0, 1.0),
        hertz=3.0,
        frame=Frame.BASE,
        reference=Reference.MEASURED,
        additive=False,
        gripper=_GRIPPER.model_copy(update={"sticky_repeat": 2}),
    ),
}


def robot_action(robot: str | ActionSpec) -> ActionSpec:
    """Return the meaning of the actions for a robot: a preset by name, or as it was given.

    Raises:
        UnknownNameError: With near matches.
    """
    if isinstance(robot, ActionSpec):
        return robot
    try:
        return ROBOTS[robot]
    except KeyError:
        raise UnknownNameError("robot", robot, ROBOTS) from None
