"""The gripper: polarity, range, threshold, relative and absolute, sticky repeats, late opening."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vla_gym.contract import GripperSpec, Mode
from vla_gym.contract.gripper import GripperConverter, GripperState
from vla_gym.errors import ActionError


def spec(**changes: Any) -> GripperSpec:
    parts: dict[str, Any] = {"open": 1, "closed": -1, "mode": Mode.ABSOLUTE, "binary": False}
    return GripperSpec(**{**parts, **changes})


def run(policy: GripperSpec, env: GripperSpec, values: Iterable[float]) -> list[float]:
    converter, state = GripperConverter(policy, env), GripperState()
    result = []
    for value in values:
        converted, state = converter.step(value, state)
        result.append(converted)
    return result


@given(value=st.floats(-5, 5), width=st.sampled_from([np.float32, np.float64]))
def test_equal_grippers_pass_the_same_bits(value: float, width: type) -> None:
    number = width(value)
    assert run(spec(), spec(), [number])[0] is number


@given(value=st.floats(-1, 1), ends=st.tuples(st.floats(-9, 9), st.floats(-9, 9)))
def test_a_continuous_gripper_there_and_back_is_the_same(
    value: float, ends: tuple[float, float]
) -> None:
    assume(abs(ends[0] - ends[1]) > 0.1)
    other = spec(open=ends[0], closed=ends[1])
    there = run(spec(), other, [value])
    assert run(other, spec(), there)[0] == pytest.approx(value, abs=1e-9)


def test_polarity_is_turned_exactly() -> None:
    inverted = spec(open=-1, closed=1, binary=True)
    assert run(inverted, spec(binary=True), [-1.0, 1.0]) == [1.0, -1.0]


@pytest.mark.parametrize(
    ("opened", "closed", "threshold", "values", "wanted"),
    [
        (1, 0, 0.5, [0.0, 0.5, 0.51, 1.0], [-1, -1, 1, 1]),
        (0, 1, 0.5, [0.0, 0.49, 0.5, 1.0], [1, 1, -1, -1]),
        (1, -1, 0.0, [-0.1, 0.0, 0.1], [-1, -1, 1]),
        (1, 0, 0.8, [0.7, 0.9], [-1, 1]),
    ],
)
def test_values_on_the_open_side_of_the_threshold_open(
    opened: float, closed: float, threshold: float, values: list[float], wanted: list[float]
) -> None:
    policy = spec(open=opened, closed=closed, threshold=threshold)
    assert run(policy, spec(binary=True), values) == wanted


def test_a_declared_threshold_binarises_for_continuous_environments_too() -> None:
    assert run(spec(threshold=0.0), spec(), [0.3, -0.2]) == [1, -1]


def test_a_value_between_the_ends_of_a_binary_gripper_is_an_error() -> None:
    with pytest.raises(ActionError, match=r"0\.3.*binary.*threshold"):
        run(spec(binary=True), spec(binary=True), [0.3])


def test_a_change_is_repeated_by_a_relative_gripper() -> None:
    policy = spec(open=1, closed=0, threshold=0.5, sticky_repeat=3)
    env = spec(open=-1, closed=1, mode=Mode.DELTA)
    values = [1, 0, 0, 0, 0, 1, 0, 1, 1]
    # The first step has nothing to compare with. During a repeat, further changes are not seen.
    assert run(policy, env, values) == [0, 1, 1, 1, 0, -1, -1, -1, 0]


def test_without_repeats_a_change_lasts_one_step() -> None:
    policy = spec(open=1, closed=0, threshold=0.5)
    env = spec(open=-1, closed=1, mode=Mode.DELTA)
    assert run(policy, env, [1, 0, 0, 1]) == [0, 1, 0, -1]


def test_small_changes_of_a_continuous_gripper_pass_as_they_are() -> None:
    policy = spec(open=1, closed=0, sticky_repeat=15)
    env = spec(open=-1, closed=1, mode=Mode.DELTA)
    assert run(policy, env, [0.5, 0.75, 0.5]) == [0, -0.25, 0.25]


def test_a_relative_policy_holds_an_absolute_gripper() -> None:
    policy = spec(mode=Mode.DELTA)
    assert run(policy, spec(), [0.0, -1.0, 0.0, 0.1, 1.0, 0.0]) == [1, -1, -1, -1, 1, 1]


def test_relative_to_relative_changes_polarity_and_range() -> None:
    policy = spec(mode=Mode.DELTA)
    env = spec(open=-2, closed=2, mode=Mode.DELTA)
    assert run(policy, env, [1.0, 0.0, -0.5]) == [-2, 0, 1]


def test_opening_waits_for_enough_decisions_in_a_row() -> None:
    policy = spec(open=1, closed=0, threshold=0.5, open_after=2)
    assert run(policy, spec(binary=True), [1, 0, 1, 1, 1, 0]) == [-1, -1, -1, 1, 1, -1]
