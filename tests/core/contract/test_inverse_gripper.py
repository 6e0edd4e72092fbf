"""Gripper labels: what the policy says becomes, converted forward, what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_gym.contract import GripperSpec, Mode
from vla_gym.contract.gripper import GripperConverter
from vla_gym.contract.inverse_gripper import forward, policy_numbers


def spec(**changes: Any) -> GripperSpec:
    parts: dict[str, Any] = {"open": 1, "closed": -1, "mode": Mode.ABSOLUTE, "binary": False}
    return GripperSpec(**{**parts, **changes})


RELATIVE = spec(open=-1, closed=1, mode=Mode.DELTA)
"""As the Google Robot's: 1 closes, -1 opens, 0 leaves it as it is."""
PROBABILITY = spec(open=1, closed=0, threshold=0.5)


def said(policy: GripperSpec, env: GripperSpec, values: Sequence[float]) -> list[float]:
    return policy_numbers(np.array(values), GripperConverter(policy, env)).tolist()


def comes_back(policy: GripperSpec, env: GripperSpec, values: Sequence[float]) -> list[bool]:
    converter = GripperConverter(policy, env)
    again = forward(policy_numbers(np.array(values), converter), converter)
    return [bool(abs(one - other) < 1e-9) for one, other in zip(again, values, strict=True)]


def test_equal_continuous_grippers_stay_as_they_are() -> None:
    values = [0.0, 0.3, 0.49, 0.6, 1.0]
    unit = spec(open=1, closed=0)
    assert said(unit, unit, values) == values


def test_a_relative_hold_stays_a_hold() -> None:
    assert said(RELATIVE, RELATIVE, [0.0, 1.0, 0.0, -1.0]) == [0.0, 1.0, 0.0, -1.0]
    turned = spec(mode=Mode.DELTA)
    assert said(turned, RELATIVE, [0.0, 1.0, 0.0, -1.0]) == [0.0, -1.0, 0.0, 1.0]


ends = st.tuples(st.floats(-9, 9), st.floats(-9, 9)).filter(lambda e: abs(e[0] - e[1]) > 0.1)
openings = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(mine=ends, theirs=ends, openings=openings)
def test_continuous_grippers_of_any_polarity_and_range(
    mine: tuple[float, float], theirs: tuple[float, float], openings: list[float]
) -> None:
    policy, env = (spec(open=pair[0], closed=pair[1]) for pair in (mine, theirs))
    values = [env.closed + opening * (env.open - env.closed) for opening in openings]
    assert all(comes_back(policy, env, values))


@given(opens=st.lists(st.booleans(), min_size=1, max_size=12), mine=ends, theirs=ends)
@pytest.mark.parametrize("way", ["binary", "threshold"])
def test_the_ends_of_a_policy_that_opens_or_closes(
    way: str, opens: list[bool], mine: tuple[float, float], theirs: tuple[float, float]
) -> None:
    middle = {"threshold": sum(mine) / 2} if way == "threshold" else {"binary": True}
    policy = spec(open=mine[0], closed=mine[1], **middle)
    env = spec(open=theirs[0], closed=theirs[1], binary=True)
    values = [env.open if one else env.closed for one in opens]
    assert said(policy, env, values) == [policy.open if one else policy.closed for one in opens]
    assert all(comes_back(policy, env, values))


def test_between_the_ends_it_is_the_nearer_end_and_that_is_known() -> None:
    values = [-1.0, -0.2, 0.2, 1.0]
    assert said(PROBABILITY, spec(), values) == [0.0, 0.0, 1.0, 1.0]
    assert comes_back(PROBABILITY, spec(), values) == [True, False, False, True]


def test_a_gripper_that_opens_late_is_told_early() -> None:
    policy = spec(open=1, closed=0, threshold=0.5, open_after=3)
    values = [-1.0, -1.0, -1.0, 1.0, 1.0, -1.0]
    assert said(policy, spec(), values) == [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    assert all(comes_back(policy, spec(), values))
    assert comes_back(policy, spec(), [1.0] * 4) == [False, False, True, True]


@given(
    runs=st.lists(st.integers(3, 6), min_size=1, max_size=6),
    after=st.integers(1, 3),
    data=st.data(),
)
def test_any_episode_that_begins_closed_and_stays_so_long_enough(
    runs: list[int], after: int, data: st.DataObject
) -> None:
    policy = spec(open=1, closed=0, threshold=0.5, open_after=after)
    values = [1.0 if number % 2 else -1.0 for number, run in enumerate(runs) for _ in range(run)]
    assert all(comes_back(policy, spec(), values))


def test_an_opening_is_tracked_where_commands_are_relative() -> None:
    sticky = spec(open=1, closed=0, threshold=0.5, sticky_repeat=2)
    values = [0.0, 1.0, 1.0, 0.0, -1.0, -1.0, 0.0]  # closes, opens
    assert said(sticky, RELATIVE, values) == [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    assert all(comes_back(sticky, RELATIVE, values))
    begins_closed = [0.0, 0.0, -1.0, -1.0, 0.0]
    assert said(sticky, RELATIVE, begins_closed) == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert said(sticky, RELATIVE, [0.0] * 3) == [1.0] * 3


@given(
    waits=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    repeat=st.integers(1, 4),
    first=st.sampled_from([1.0, -1.0]),
    binary=st.booleans(),
)
def test_any_changes_that_are_repeated_as_often_as_the_policy_repeats_them(
    waits: list[int], repeat: int, first: float, binary: bool
) -> None:
    middle = {"binary": True} if binary else {"threshold": 0.5}
    policy = spec(open=1, closed=0, sticky_repeat=repeat, **middle)
    values: list[float] = []
    for number, wait in enumerate(waits):
        values += [0.0] * wait + [first * (-1.0) ** number] * repeat
    assert all(comes_back(policy, RELATIVE, values))


def test_a_longer_or_shorter_push_is_the_same_label_and_known() -> None:
    sticky = spec(open=1, closed=0, threshold=0.5, sticky_repeat=2)
    values = [0.0, 1.0, 1.0, 1.0, 0.0]
    assert said(sticky, RELATIVE, values) == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert comes_back(sticky, RELATIVE, values) == [True, True, True, False, True]
    half = [0.0, 0.46, 0.0]  # half closed, which such a policy cannot say
    assert said(sticky, RELATIVE, half) == [1.0, 1.0, 1.0]
    assert comes_back(sticky, RELATIVE, half) == [True, False, True]


def test_a_change_with_the_first_frame_comes_with_the_second() -> None:
    sticky = spec(open=1, closed=0, threshold=0.5, sticky_repeat=2)
    assert said(sticky, RELATIVE, [1.0, 0.0, 0.0]) == [1.0, 0.0, 0.0]
    assert said(sticky, RELATIVE, [1.0]) == [1.0]


@given(moves=st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=8))
def test_a_continuous_policy_follows_small_changes(moves: list[float]) -> None:
    policy, opening, values = spec(open=1, closed=0), 1.0, [0.0]
    for move in moves:
        after = min(1.0, max(0.0, opening + move))
        values.append(opening - after)  # of the relative gripper: + closes
        opening = after
    assert all(comes_back(policy, RELATIVE, values))


@given(opens=st.lists(st.booleans(), min_size=1, max_size=12), binary=st.booleans())
def test_a_relative_policy_in_an_absolute_world(opens: list[bool], binary: bool) -> None:
    policy = spec(open=-1, closed=1, mode=Mode.DELTA, binary=binary)
    values = [1.0 if one else -1.0 for one in opens]
    assert all(comes_back(policy, spec(), values))
    if not binary:
        assert said(policy, spec(), [1.0, 1.0, -1.0, -1.0]) == [0.0, 0.0, 1.0, 0.0]
