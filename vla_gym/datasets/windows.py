"""Episodes cut into what a policy with a history is trained on.

A window begins at any frame of an episode and holds T frames, each with the N actions from it on.
Behind the end of the episode the last frame is repeated and masked, so every frame is a beginning
and no action is lost. Where an expert was disturbed on purpose, what it did afterwards answers to
the disturbance, which no earlier frame shows: a chunk is masked from there on.
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
        mask: bool ``(T, N)``: false where the episode was over, or after a disturbance.
        instruction: What was asked for.
    """

    images: Mapping[str, Pictures]
    proprioception: Floats
    actions: Floats
    mask: npt.NDArray[np.bool_]
    instruction: str


@dataclass(frozen=True)
class _Kept:
    """An episode in memory, and how many frames in front of each were disturbed."""

    episode: Demonstration
    disturbances: npt.NDArray[np.int64]


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
        self._kept: OrderedDict[int, _Kept] = OrderedDict()

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

    def _cut(self, kept: _Kept, start: int) -> Window:
        episode, last = kept.episode, len(kept.episode) - 1
        place = place_windows(
            np.array([start]), np.array([last]), history=self._history, chunk=self._chunk
        )
        seen, done = place.seen[0], place.done[0]
        return Window(
            images={role: pictures[seen] for role, pictures in episode.images.items()},
            proprioception=episode.proprioception[seen],
            actions=episode.targets[done],
            mask=place.mask(kept.disturbances)[0],
            instruction=episode.instruction,
        )

    def _episode(self, index: int) -> _Kept:
        if index not in self._kept:
            episode = self._dataset.episode(index)
            self._kept[index] = _Kept(episode, count_before(episode.disturbed))
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        self._kept.move_to_end(index)
        return self._kept[index]


@dataclass(frozen=True)
class Places:
    """Where the frames and actions of B windows are.

    Attributes:
        seen: int64 ``(B, T)``: numbers of the frames.
        done: int64 ``(B, T, N)``: numbers of the frames of the actions.
        inside: bool ``(B, T, N)``: the episode was not over.
    """

    seen: npt.NDArray[np.int64]
    done: npt.NDArray[np.int64]
    inside: npt.NDArray[np.bool_]

    def mask(self, disturbances: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return which labels count: inside, and not after a disturbance since frame t.

        Args:
            disturbances: Of all frames, as ``count_before`` gives them.
        """
        clear = disturbances[self.done] == disturbances[self.seen][..., None]
        counts: npt.NDArray[np.bool_] = self.inside & clear
        return counts


def place_windows(
    starts: npt.NDArray[np.int64], lasts: npt.NDArray[np.int64], *, history: int, chunk: int
) -> Places:
    """Return where windows are that begin at frames of episodes.

    Args:
        starts: ``(B,)``: first frame of each.
        lasts: ``(B,)``: last frame of its episode.
        history: T.
        chunk: N.
    """
    last = lasts[:, None]
    frames = starts[:, None] + np.arange(history)
    steps = frames[:, :, None] + np.arange(chunk)
    inside = (steps <= last[..., None]) & (frames <= last)[..., None]
    return Places(np.minimum(frames, last), np.minimum(steps, last[..., None]), inside)


def count_before(disturbed: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return int64 ``(F + 1,)``: how many of F frames in front of each were disturbed."""
    return np.concatenate([[0], np.cumsum(disturbed)]).astype(np.int64)
