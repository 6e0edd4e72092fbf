"""Episodes cut into what a policy with a history is trained on.

A window begins at any frame of an episode and holds T frames, each with the N actions from it on.
Behind the end of the episode the last frame is repeated and masked, so every frame is a beginning
and no action is lost.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_gym.datasets.demonstration import Dataset, Demonstration, Floats, Pictures
from vla_gym.errors import OptionError


@dataclass(frozen=True)
class Window:
    """T frames with N actions each.

    Attributes:
        images: By camera role, uint8 ``(T, H, W, 3)``.
        proprioception: ``(T, n)``.
        actions: ``(T, N, a)``: row t begins with the action of frame t.
        mask: bool ``(T, N)``: false where the episode was over.
        instruction: What was asked for.
    """

    images: Mapping[str, Pictures]
    proprioception: Floats
    actions: Floats
    mask: npt.NDArray[np.bool_]
    instruction: str


class Windows:
    """All windows of a data set, by number; equal numbers give equal windows.

    Args:
        dataset: The episodes.
        history: T, frames of a window.
        chunk: N, actions of a frame.
        keep: Episodes that stay in memory after they were read, the last used ones.
    """

    def __init__(self, dataset: Dataset, *, history: int, chunk: int, keep: int = 16) -> None:
        """Count the windows; no episode is read."""
        for name, value in (("history", history), ("chunk", chunk), ("keep", keep)):
            if value < 1:
                raise OptionError(f"{name}={value}: expected a number from 1.")
        self._dataset, self._history, self._chunk, self._keep = dataset, history, chunk, keep
        self._ends = np.cumsum(np.asarray(dataset.lengths, np.int64))
        self._kept: OrderedDict[int, Demonstration] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of windows: one for every frame."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, number: int) -> Window:
        """Return a window.

        Raises:
            IndexError: When there is none of that number.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"window {number} of {len(self)}")
        episode = int(np.searchsorted(self._ends, number, side="right"))
        start = number - int(self._ends[episode - 1]) if episode else number
        return self._cut(self._episode(episode), start)

    def _cut(self, episode: Demonstration, start: int) -> Window:
        last = len(episode) - 1
        frames = start + np.arange(self._history)
        steps = frames[:, None] + np.arange(self._chunk)[None]
        seen = np.minimum(frames, last)
        return Window(
            images={role: pictures[seen] for role, pictures in episode.images.items()},
            proprioception=episode.proprioception[seen],
            actions=episode.targets[np.minimum(steps, last)],
            mask=(steps <= last) & (frames <= last)[:, None],
            instruction=episode.instruction,
        )

    def _episode(self, index: int) -> Demonstration:
        if index not in self._kept:
            self._kept[index] = self._dataset.episode(index)
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        self._kept.move_to_end(index)
        return self._kept[index]
