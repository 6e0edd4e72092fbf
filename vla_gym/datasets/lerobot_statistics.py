"""Statistics as LeRobot stores them, of episodes and of the whole: its policies need them.

Names, shapes and the way episodes are put together are those of
``lerobot/datasets/compute_stats.py`` (lerobot 0.4.4): a quantile of the whole is the mean of the
episodes' quantiles, weighted by frames, and a quantile of an episode is one of its values.
Pictures count from 0 to 1, by channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vla_gym.datasets.demonstration import Pictures

Values = npt.NDArray[np.float64]
Summary = dict[str, Values]
"""By LeRobot's name: ``min``, ``max``, ``mean``, ``std``, ``count`` and the quantiles."""

QUANTILES: Final = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
_NAMES = ("min", "max", "mean", "std", "count", *QUANTILES)
_PICTURES = 100
"""Of an episode that are looked at, at least, where it has as many; evenly spread."""


def of_numbers(values: npt.NDArray[Any]) -> Summary:
    """Return the statistics of rows ``(T, n)``, each ``(n,)``."""
    wide = values.astype(np.float64)
    out: Summary = {
        "min": wide.min(axis=0),
        "max": wide.max(axis=0),
        "mean": wide.mean(axis=0),
        "std": wide.std(axis=0),
        "count": np.array([len(wide)]),
    }
    shares = [*QUANTILES.values()]
    found = np.quantile(wide, shares, axis=0, method="inverted_cdf")
    return out | dict(zip(QUANTILES, found, strict=True))


def of_pictures(pictures: Pictures) -> Summary:
    """Return the statistics of pictures ``(T, H, W, 3)``, each ``(3, 1, 1)``."""
    seen = pictures[:: max(1, len(pictures) // _PICTURES)]
    counts = [np.bincount(seen[..., channel].ravel(), minlength=256) for channel in range(3)]
    channels = [_of_histogram(count) for count in counts]
    out = {name: np.stack([one[name] for one in channels]) for name in channels[0]}
    return {name: value.reshape(3, 1, 1) for name, value in out.items()} | {
        "count": np.array([len(seen)])
    }


def _of_histogram(count: npt.NDArray[np.int64]) -> dict[str, np.float64]:
    """Return the statistics of what was counted by its value from 0 to 255, as parts of 255."""
    level = np.arange(256) / 255
    there = np.flatnonzero(count)
    mean = np.average(level, weights=count)
    places = np.array([*QUANTILES.values()]) * count.sum()
    quantiles = level[np.searchsorted(np.cumsum(count), places)]
    return {
        "min": level[there[0]],
        "max": level[there[-1]],
        "mean": mean,
        "std": np.sqrt(np.average((level - mean) ** 2, weights=count)),
        **dict(zip(QUANTILES, quantiles, strict=True)),
    }


class Total:
    """The statistics of all episodes together; grows by one at a time."""

    def __init__(self) -> None:
        self._features: dict[str, Summary] = {}

    def add(self, episode: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in the statistics of an episode, by feature."""
        for feature, summary in episode.items():
            new = {name: np.asarray(summary[name], np.float64) for name in _NAMES}
            old = self._features.get(feature)
            self._features[feature] = new if old is None else _together(old, new)

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return what ``meta/stats.json`` holds."""
        return {feature: as_lists(summary) for feature, summary in self._features.items()}


def as_lists(summary: Summary) -> dict[str, Any]:
    """Return statistics as lists; ``count`` is whole."""
    return {name: (v.astype(int) if name == "count" else v).tolist() for name, v in summary.items()}


def _together(one: Summary, other: Summary) -> Summary:
    first, second = float(one["count"][0]), float(other["count"][0])
    count = first + second

    def mean(name: str) -> Values:
        return (one[name] * first + other[name] * second) / count

    apart = (one["mean"] - other["mean"]) ** 2 * first * second / count**2
    variance = (one["std"] ** 2 * first + other["std"] ** 2 * second) / count + apart
    return {
        "min": np.minimum(one["min"], other["min"]),
        "max": np.maximum(one["max"], other["max"]),
        "mean": mean("mean"),
        "std": np.sqrt(variance),
        "count": np.array([count]),
        **{name: mean(name) for name in QUANTILES},
    }
