"""Which windows a step sees: a weighted draw from several data sets, a function of seed and step.

Nothing is remembered between steps, so a training that goes on after a stop, or on another number
of processes, sees the same windows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from vla_gym.datasets.statistics import Statistics, statistics_of
from vla_gym.errors import DatasetError
from vla_gym.training.config import DataConfig
from vla_gym.training.frame_cache import Store
from vla_gym.training.trainable import Samples


def chosen_episodes(tasks: Sequence[str], config: DataConfig) -> list[int]:
    """Return the episodes that a data scale leaves: the first ones of every task.

    Raises:
        DatasetError: When nothing is left.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for index, task in enumerate(tasks):
        members[task].append(index)
    kept = []
    for indices in members.values():
        count = max(1, round(len(indices) * config.share))
        kept += indices[: min(count, config.per_task or count)]
    if not kept:
        raise DatasetError(f"{config.path} has no episodes left.")
    return sorted(kept)


@dataclass(frozen=True)
class Source:
    """A data set of the mixture.

    Attributes:
        frames: Numbers of the frames that windows may begin at.
        weight: Share of the samples, not normalised.
    """

    store: Store
    frames: npt.NDArray[np.int64]
    weight: float


class Mixture:
    """Draws batches.

    Args:
        sources: The data sets.
        history: T.
        chunk: N.
        seed: Equal seeds draw equally.
    """

    def __init__(self, sources: Sequence[Source], *, history: int, chunk: int, seed: int) -> None:
        self._sources, self._seed = list(sources), seed
        self._history, self._chunk = history, chunk
        weights = np.array([source.weight for source in sources])
        self._shares = weights / weights.sum()

    def draw(self, step: int, count: int) -> list[tuple[int, int]]:
        """Return ``count`` windows of a step as (source, first frame)."""
        stream = np.random.default_rng([self._seed, step])
        owners = stream.choice(len(self._sources), size=count, p=self._shares)
        places = stream.random(count)
        frames = [self._sources[owner].frames for owner in owners]
        return [
            (int(owner), int(rows[int(place * len(rows))]))
            for owner, rows, place in zip(owners, frames, places, strict=True)
        ]

    def load(self, drawn: Sequence[tuple[int, int]]) -> Samples:
        """Return windows in the order they were drawn."""
        parts, order = [], []
        for owner in sorted({owner for owner, _ in drawn}):
            rows = [row for row, (o, _) in enumerate(drawn) if o == owner]
            starts = np.array([drawn[row][1] for row in rows])
            store = self._sources[owner].store
            parts.append(store.windows(starts, history=self._history, chunk=self._chunk))
            order += rows
        return parts[0] if len(parts) == 1 else _in_order(parts, order)

    def states(self) -> npt.NDArray[np.float32]:
        """Return the proprioception of all frames that windows begin at, ``(F, n)``."""
        parts = [source.store.proprioception[source.frames] for source in self._sources]
        return np.concatenate(parts)

    def statistics(self) -> Statistics:
        """Return how the labels of these frames are distributed, in the policy's units."""
        parts = [source.store.actions[source.frames] for source in self._sources]
        return statistics_of(np.concatenate(parts))

    def describe(self) -> dict[str, object]:
        """Return how much there is of what, for the log."""
        tasks = Counter(task for source in self._sources for task in source.store.tasks)
        inexact = [source.store.inexact for source in self._sources]
        warnings = sorted({code for source in self._sources for code in source.store.warnings})
        return {
            "frames": [len(source.frames) for source in self._sources],
            "shares": self._shares.round(4).tolist(),
            "tasks": len(tasks),
            **({"inexact": inexact} if any(inexact) else {}),
            **({"warnings": warnings} if warnings else {}),
        }


def _in_order(parts: Sequence[Samples], order: Sequence[int]) -> Samples:
    back = torch.argsort(torch.tensor(order))
    words = [text for part in parts for text in part.instructions]
    return Samples(
        images={
            role: torch.cat([part.images[role] for part in parts])[back] for role in parts[0].images
        },
        proprioception=torch.cat([part.proprioception for part in parts])[back],
        instructions=[words[row] for row in back],
        actions=torch.cat([part.actions for part in parts])[back],
        mask=torch.cat([part.mask for part in parts])[back],
    )
