"""How actions are distributed: what a policy's outputs are normalised with."""

from __future__ import annotations

import numpy as np

from vla_gym.contract.spec import (
    ActionSpec,
    GripperSpec,
    NormalizationKind,
    NormalizationSpec,
)
from vla_gym.datasets.demonstration import Dataset, Floats
from vla_gym.errors import DatasetError
from vla_gym.schema import Record


class Statistics(Record):
    """Of every number of an action, over all frames.

    Attributes:
        count: Frames they were computed from.
        low: Minimum.
        high: Maximum.
        q01: 1 % quantile.
        q99: 99 % quantile.
    """

    count: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    q01: tuple[float, ...]
    q99: tuple[float, ...]

    def limits(self, kind: NormalizationKind) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return what a kind of normalisation calls ``low`` and ``high``."""
        return {
            NormalizationKind.MIN_MAX: (self.low, self.high),
            NormalizationKind.QUANTILE: (self.q01, self.q99),
            NormalizationKind.MEAN_STD: (self.mean, self.std),
        }[kind]

    def normalization(
        self, kind: NormalizationKind, action: ActionSpec, *, keep_grippers: bool = True
    ) -> NormalizationSpec:
        """Return the spec that undoes the normalisation of a kind.

        Args:
            kind: Which of the statistics.
            action: What the numbers are.
            keep_grippers: Leave the numbers of grippers as they are.
        """
        low, high = self.limits(kind)
        grippers = {action.slices[part.name].start for part in action.of(GripperSpec)}
        kept = grippers if keep_grippers else set()
        mask = tuple(place not in kept for place in range(action.size))
        return NormalizationSpec(kind=kind, low=low, high=high, mask=mask)


def action_statistics(dataset: Dataset) -> Statistics:
    """Return the statistics of what a policy learns from a data set; reads no pictures.

    Raises:
        DatasetError: When there are no episodes.
    """
    if not len(dataset.lengths):
        raise DatasetError("The data set has no episodes, so there is nothing to learn from.")
    episodes = range(len(dataset.lengths))
    return statistics_of(
        np.concatenate([dataset.episode(number, images=False).targets for number in episodes])
    )


def statistics_of(actions: Floats) -> Statistics:
    """Return the statistics of actions ``(count, a)``."""
    wide = actions.astype(np.float64)

    def row(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, ...]:
        return tuple(float(value) for value in values)

    return Statistics(
        count=len(wide),
        mean=row(wide.mean(axis=0)),
        std=row(wide.std(axis=0)),
        low=row(wide.min(axis=0)),
        high=row(wide.max(axis=0)),
        q01=row(np.quantile(wide, 0.01, axis=0)),
        q99=row(np.quantile(wide, 0.99, axis=0)),
    )
