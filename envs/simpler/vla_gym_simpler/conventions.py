"""Conventions of published policies, as parts of a policy's spec.

What the official inference wrappers do to a gripper number is declared here and carried out by the
contract's converters; the runner has no special case. Source: SimplerEnv's wrappers (RT-1, Octo),
as summarised in the fact sheet. What the numbers of RoboVLMs mean is said in its own package.
"""

from __future__ import annotations

from vla_gym.contract.spec import (
    ActionSpec,
    Frame,
    GripperSpec,
    Mode,
    Rotation,
    RotationSpec,
    TranslationSpec,
)
from vla_gym.errors import UnknownNameError
from vla_gym_simpler.facts.robots import ROBOTS

GRIPPERS: dict[tuple[str, str], GripperSpec] = {
    # The opening (1 open); a change of more than half is repeated 15 steps.
    ("octo", "google_robot"): GripperSpec(
        open=1.0, closed=0.0, mode=Mode.ABSOLUTE, binary=False, sticky_repeat=15
    ),
    ("octo", "widowx"): GripperSpec(
        open=1.0, closed=0.0, mode=Mode.ABSOLUTE, binary=False, threshold=0.5
    ),
    # Relative already: +1 closes.
    ("rt1", "google_robot"): GripperSpec(open=-1.0, closed=1.0, mode=Mode.DELTA, binary=False),
    # Inverted and binarised.
    ("rt1", "widowx"): GripperSpec(
        open=-1.0, closed=1.0, mode=Mode.ABSOLUTE, binary=False, threshold=0.0
    ),
}
_ROTATIONS = {
    "octo": Rotation.EULER_XYZ,
    "rt1": Rotation.AXIS_ANGLE,
}


def policy_action(family: str, robot: str) -> ActionSpec:
    """Return the action spec of a policy family on a robot, after un-normalising.

    Args:
        family: ``"octo"`` or ``"rt1"``.
        robot: ``"widowx"`` or ``"google_robot"``.

    Raises:
        UnknownNameError: For another pair.
    """
    if (family, robot) not in GRIPPERS:
        known = [" ".join(pair) for pair in GRIPPERS]
        raise UnknownNameError("policy convention", f"{family} {robot}", known)
    facts = ROBOTS[robot]
    return ActionSpec(
        parts=(
            TranslationSpec(
                mode=Mode.DELTA, frame=Frame.BASE, meters_per_unit=1.0, reference=facts.reference
            ),
            RotationSpec(
                representation=_ROTATIONS[family],
                mode=Mode.DELTA,
                frame=Frame.BASE,
                radians_per_unit=1.0,
                reference=facts.reference,
            ),
            GRIPPERS[family, robot],
        ),
        control_hz=facts.control_hz,
    )
