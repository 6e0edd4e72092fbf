"""What a policy has to say so that a gripper does what was recorded: ``gripper`` backwards.

A gripper that is commanded relatively is tracked: its opening is what the commands so far led to.
What it was at first nobody recorded, so it is taken to be the opposite of the first change, as Open
X-Embodiment makes such data absolute, or open where there is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract.gripper import CHANGE, GripperConverter, GripperState, direction_of
from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import GripperSpec, Mode
from vla_gym.errors import ActionError

Numbers = npt.NDArray[np.float64]


def policy_numbers(values: npt.NDArray[Any], converter: GripperConverter) -> Numbers:
    """Return the policy's numbers ``(T,)`` for an episode of the environment's ``(T,)``.

    Where no number of the policy leads to the environment's, it is the nearest one: an end for a
    policy that only opens and closes.
    """
    policy, env, wide = converter.policy, converter.env, values.astype(np.float64)
    if converter.identity and not converter.binarizes:
        return wide
    if policy.mode is Mode.DELTA:
        return _place_direction(_directions(wide, converter), policy)
    if env.mode is Mode.ABSOLUTE:
        openings = (wide - env.closed) / (env.open - env.closed)
    else:
        openings = _tracked(direction_of(wide, env), ends_only=converter.binarizes)
    if converter.binarizes:
        openings = _ahead(openings > CHANGE, policy.open_after - 1).astype(np.float64)
    return _place(openings, policy)


def check(converter: GripperConverter, issues: IssueList) -> None:
    """Add what a policy's gripper cannot say of a recorded one."""
    policy, env = converter.policy, converter.env
    relative = policy.mode is env.mode is Mode.DELTA
    if relative and policy.binary and not env.binary:
        issues.error(
            "inverse_gripper",
            "The policy's relative gripper is binary: it can open and close, and has no number "
            "for a recorded hold.",
            "set binary=False in the policy's gripper spec",
        )
    absolute = policy.mode is env.mode is Mode.ABSOLUTE
    if absolute and converter.binarizes and not env.binary:
        issues.warning(
            "inverse_gripper",
            "The recorded gripper is continuous and the policy only opens and closes: what lies "
            "between becomes the nearer end.",
            "leave threshold out of the policy's gripper spec if it is to say what lies between",
        )


def forward(values: Numbers, converter: GripperConverter) -> Numbers:
    """Return what an episode of the policy's numbers ``(T,)`` becomes; NaN where it is refused."""
    state, result = GripperState(), np.full(len(values), np.nan)
    for step, value in enumerate(values):
        try:
            result[step], state = converter.step(float(value), state)
        except ActionError:
            continue
    return result


def _directions(values: Numbers, converter: GripperConverter) -> Numbers:
    """Return what a relative policy says: -1 (towards closed) to 1, 0 leaves it as it is."""
    policy, env = converter.policy, converter.env
    if env.mode is Mode.DELTA:
        return np.asarray(direction_of(values, env))
    opens = (values - env.closed) / (env.open - env.closed) > CHANGE
    before = np.concatenate([[True], opens[:-1]])  # as the converter: open at first
    says = np.where(opens, 1.0, -1.0)
    return says if policy.binary else np.where(opens == before, 0.0, says)


def _tracked(directions: Numbers, *, ends_only: bool) -> Numbers:
    """Return the openings ``(T,)`` that relative commands lead to, 0 closed to 1 open.

    The first action of an absolute policy changes nothing, so a change that comes with the first
    frame is said with the second one.
    """
    strong = directions[np.abs(directions) > CHANGE]
    opening = 0.0 if len(strong) and strong[0] > 0 else 1.0
    result = np.full(len(directions), opening)
    moves = directions.copy()
    if len(moves) > 1 and abs(moves[0]) > CHANGE >= abs(moves[1]):
        moves[1] = moves[0]
    for step in range(1, len(moves)):
        if not ends_only:
            opening = float(np.clip(opening + moves[step], 0.0, 1.0))
        elif abs(moves[step]) > CHANGE:
            opening = float(moves[step] > 0)
        result[step] = opening
    return result


def _ahead(opens: npt.NDArray[np.bool_], steps: int) -> npt.NDArray[np.bool_]:
    """Return ``(T,)`` that is true from ``steps`` before a frame that is."""
    result = opens.copy()
    for by in range(1, steps + 1):
        result[:-by] |= opens[by:]
    return result


def _place(openings: Numbers, spec: GripperSpec) -> Numbers:
    """Return openings as numbers; the ends exactly."""
    placed = spec.closed + openings * (spec.open - spec.closed)
    return np.where(openings == 1.0, spec.open, np.where(openings == 0.0, spec.closed, placed))


def _place_direction(directions: Numbers, spec: GripperSpec) -> Numbers:
    """Return directions as numbers; the ends exactly."""
    return _place((directions + 1.0) / 2.0, spec)
