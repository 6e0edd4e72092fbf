"""How sure a number is.

Rates get Wilson intervals (right at 0 %, at 100 % and for few episodes, where the usual formula is
not); average lengths a bootstrap over sequences. Everything here is a function of its arguments:
the same records give the same interval, in whatever order they come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

CONFIDENCE = 0.95
_RESAMPLES = 10_000
_SEED = 0


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float

    def __contains__(self, value: object) -> bool:
        """Whether a number lies in it, its ends included."""
        return isinstance(value, (int, float)) and self.low <= value <= self.high


@dataclass(frozen=True)
class Rate:
    """How many of how many.

    Attributes:
        successes: Number that succeeded.
        n: Number of attempts; with none the rate is unknown (``nan``).
    """

    successes: int
    n: int

    @property
    def value(self) -> float:
        """Fraction between 0 and 1."""
        return self.successes / self.n if self.n else math.nan

    @property
    def interval(self) -> Interval:
        """95 % Wilson interval."""
        return wilson(self.successes, self.n)


@dataclass(frozen=True)
class Mean:
    """An average over ``n`` episodes with its 95 % interval."""

    value: float
    interval: Interval
    n: int


def wilson(successes: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Return the Wilson score interval of a rate; nothing is known of zero attempts."""
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} attempts: expected 0 <= successes <= n.")
    if n == 0:
        return Interval(0.0, 1.0)
    z = _quantile(confidence)
    rate, shrink = successes / n, 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    # The ends are exact at 0 and n; rounding must not push them past the rate itself.
    return Interval(
        0.0 if successes == 0 else max(0.0, centre - half),
        1.0 if successes == n else min(1.0, centre + half),
    )


def bounded_mean(
    values: Sequence[float], *, maximum: float, confidence: float = CONFIDENCE
) -> Mean:
    """Return the mean of numbers in [0, ``maximum``] with a bootstrap interval.

    Where all values are equal resampling them says nothing (the interval would have no width,
    however few there are); the bounds are then those that the Wilson interval of "a value is this
    one" implies.
    """
    n = len(values)
    if n == 0:
        return Mean(math.nan, Interval(0.0, maximum), 0)
    distinct, counts = np.unique(np.asarray(values, dtype=float), return_counts=True)
    mean = float(distinct @ counts / n)
    if len(distinct) == 1:
        certain = wilson(n, n, confidence=confidence).low
        return Mean(mean, Interval(mean * certain, mean * certain + maximum * (1 - certain)), n)
    return Mean(mean, _bootstrap(distinct, counts, confidence), n)


def sampled_mean(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Mean:
    """Return the mean of numbers without known bounds with a bootstrap interval.

    Where all values are equal nothing is known of the interval (its ends are ``nan``).
    """
    n = len(values)
    unknown = Interval(math.nan, math.nan)
    if n == 0:
        return Mean(math.nan, unknown, 0)
    distinct, counts = np.unique(np.asarray(values, dtype=float), return_counts=True)
    mean = float(distinct @ counts / n)
    if len(distinct) == 1 or not math.isfinite(mean):
        return Mean(mean, unknown, n)
    return Mean(mean, _bootstrap(distinct, counts, confidence), n)


def _bootstrap(
    distinct: np.ndarray[Any, Any], counts: np.ndarray[Any, Any], confidence: float
) -> Interval:
    """Return the percentile interval of the mean of values that occur ``counts`` times each."""
    n = int(counts.sum())
    mean = float(distinct @ counts / n)
    rng = np.random.default_rng(_SEED)
    # Resampling n values with replacement is a multinomial draw of how often each value occurs.
    means = rng.multinomial(n, counts / n, size=_RESAMPLES) @ distinct / n
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(min(float(low), mean), max(float(high), mean))


def episodes_to_separate(
    first: float, second: float, *, power: float = 0.8, confidence: float = CONFIDENCE
) -> int | None:
    """Return how many episodes each side needs to tell two rates apart.

    Two-sided test of two proportions with equal numbers of episodes.

    Args:
        first: A rate between 0 and 1.
        second: The other.
        power: Probability of noticing the difference.
        confidence: One minus the probability of seeing one that is not there.

    Returns:
        The number, or ``None`` for equal rates (no number is enough).
    """
    for rate in (first, second):
        if not 0 <= rate <= 1:
            raise ValueError(f"Expected rates between 0 and 1, got {rate}.")
    if first == second:
        return None
    mean = (first + second) / 2
    spread = _quantile(confidence) * math.sqrt(2 * mean * (1 - mean))
    spread += NormalDist().inv_cdf(power) * math.sqrt(first * (1 - first) + second * (1 - second))
    return max(2, math.ceil((spread / (first - second)) ** 2))


def _quantile(confidence: float) -> float:
    """Return the two-sided normal quantile, such as 1.96 for 95 %."""
    return NormalDist().inv_cdf((1 + confidence) / 2)
