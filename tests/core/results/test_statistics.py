"""Intervals: known values, and what must hold for all of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from vla_gym.results.statistics import Rate, bounded_mean, episodes_to_separate, wilson

# A busy machine is no reason for a property to fail.
QUICK = settings(max_examples=50, deadline=None)
COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@QUICK
@given(COUNTS)
def test_wilson_is_the_textbook_interval(counts: tuple[int, int]) -> None:
    expected = binomtest(*counts).proportion_ci(0.95, method="wilson")
    found = wilson(*counts)
    assert found.low == pytest.approx(expected.low, abs=1e-9)
    assert found.high == pytest.approx(expected.high, abs=1e-9)


@QUICK
@given(COUNTS)
def test_an_interval_holds_its_rate_and_stays_between_0_and_1(counts: tuple[int, int]) -> None:
    rate = Rate(*counts)
    assert rate.value in rate.interval
    assert 0 <= rate.interval.low <= rate.interval.high <= 1


@QUICK
@given(COUNTS, st.integers(2, 10))
def test_more_episodes_of_the_same_rate_narrow_the_interval(
    counts: tuple[int, int], times: int
) -> None:
    few, many = wilson(*counts), wilson(counts[0] * times, counts[1] * times)
    assert many.high - many.low < few.high - few.low


def test_24_episodes_at_half_mean_18_6_points() -> None:
    found = wilson(12, 24)
    assert 100 * (found.high - found.low) / 2 == pytest.approx(18.6, abs=0.1)


def test_nothing_is_known_of_zero_attempts() -> None:
    assert math.isnan(Rate(0, 0).value)
    assert (Rate(0, 0).interval.low, Rate(0, 0).interval.high) == (0, 1)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="5 successes of 4"):
        wilson(5, 4)


@QUICK
@given(st.lists(st.integers(0, 5), min_size=1, max_size=300), st.randoms())
def test_a_mean_lies_in_its_interval_and_the_order_of_episodes_is_nothing(
    lengths: list[int], random: object
) -> None:
    found = bounded_mean(lengths, maximum=5)
    assert found.value == pytest.approx(sum(lengths) / len(lengths))
    assert found.value in found.interval
    assert 0 <= found.interval.low <= found.interval.high <= 5
    random.shuffle(lengths)  # type: ignore[attr-defined]
    assert bounded_mean(lengths, maximum=5) == found


def test_the_bootstrap_agrees_with_the_normal_interval_for_many_episodes() -> None:
    lengths = [0, 1, 2, 3, 4, 5] * 200
    found = bounded_mean(lengths, maximum=5)
    half = 1.96 * math.sqrt(35 / 12 / len(lengths))
    assert found.interval.low == pytest.approx(2.5 - half, abs=0.01)
    assert found.interval.high == pytest.approx(2.5 + half, abs=0.01)


@pytest.mark.parametrize("value", [0, 3, 5])
def test_a_few_equal_lengths_are_not_certainty(value: int) -> None:
    few, many = (bounded_mean([value] * n, maximum=5).interval for n in (3, 300))
    assert few.high - few.low > 1
    assert many.high - many.low < 0.1
    assert value in few


def test_no_lengths_say_nothing() -> None:
    assert math.isnan(bounded_mean([], maximum=5).value)


def test_the_number_of_episodes_for_a_difference() -> None:
    # Fleiss, Statistical Methods for Rates and Proportions: 388 without continuity correction.
    assert episodes_to_separate(0.5, 0.6) == 388
    assert episodes_to_separate(0.6, 0.5) == 388
    assert episodes_to_separate(0.0, 1.0) == 2
    assert episodes_to_separate(0.3, 0.3) is None


@QUICK
@given(st.floats(0.05, 0.9), st.floats(0.01, 0.09))
def test_a_smaller_difference_needs_more_episodes(rate: float, difference: float) -> None:
    wide = episodes_to_separate(rate, rate + difference)
    narrow = episodes_to_separate(rate, rate + difference / 2)
    assert wide is not None
    assert narrow is not None
    assert narrow > wide


def test_a_rate_is_a_fraction() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        episodes_to_separate(50, 60)
