"""Ranking agreement: the formula, and what it says of published numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_gym.results.correlation import correlate, mmrv, pearson

RATES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=8)


def test_equal_rankings_violate_nothing() -> None:
    assert mmrv([0.1, 0.5, 0.9], [0.2, 0.3, 0.4]) == 0.0


def test_the_worst_swap_of_each_policy_counts() -> None:
    # a and b are swapped (real difference 0.3); c is ordered rightly against both
    assert mmrv([0.5, 0.4, 0.9], [0.2, 0.5, 0.9]) == pytest.approx((0.3 + 0.3 + 0.0) / 3)


def test_it_is_not_symmetric() -> None:
    first, second = [0.0, 0.0, 1.0], [0.0, 0.6, 0.5]
    assert mmrv(first, second) != mmrv(second, first)


@settings(deadline=None)
@given(RATES)
def test_bounds(pairs: list[tuple[float, float]]) -> None:
    sim, real = [p[0] for p in pairs], [p[1] for p in pairs]
    assert 0 <= mmrv(sim, real) <= 1
    value = pearson(sim, real)
    assert math.isnan(value) or -1 - 1e-9 <= value <= 1 + 1e-9


def test_tasks_with_one_policy_are_left_out() -> None:
    simulation = {"a": {"x": 0.1, "y": 0.2}, "b": {"x": 0.3}, "c": {"x": 0.9}}
    real = {"a": {"x": 0.2, "y": 0.2}, "b": {"x": 0.4}}
    (row,) = correlate(simulation, real)
    assert (row.task, row.policies) == ("x", ("a", "b"))
