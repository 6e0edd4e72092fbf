"""Where the frames and actions of windows lie, and which of their labels count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


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
