"""Videos are filmed afterwards: the same episode, the same actions, now with pictures.

So nothing is rendered for videos that nobody keeps, and no record depends on whether it was filmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vla_gym.records import EpisodeRecord
from vla_gym.replay.walk import Moment, Walk

FILM_HZ = 15.0
"""Pictures per second of simulated time, about."""
HOLD_SECONDS = 1.0
"""How long the picture with the verdict stays."""

Frame = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Film:
    """Writes the video of an episode, with all cameras of its environment.

    Attributes:
        path: The mp4.
    """

    path: Path

    def __call__(self, walk: Walk) -> None:
        """Film a walk."""
        # Imported here: many workers never film, and what draws and encodes is heavy.
        from vla_gym.report.video import write_video

        hz = walk.env.contract.action.control_hz
        stride = max(1, round(hz / FILM_HZ))
        fps = hz / stride
        write_video(self.path, frames(walk, stride, round(HOLD_SECONDS * fps)), fps=fps)


def frames(walk: Walk, stride: int, hold: int) -> Iterator[Frame]:
    """Yield composed pictures of a walk.

    Args:
        walk: The episode.
        stride: Steps from picture to picture.
        hold: How often the picture with the verdict of a sub-task is shown.
    """
    cameras = walk.cameras
    for moment in walk:
        if moment.step % stride == 0:
            yield _composed(walk, cameras, moment, None)
        if moment.action is None:
            picture = _composed(walk, cameras, moment, _verdict(walk, moment.subtask))
            yield from repeat(picture, hold)


def _composed(walk: Walk, cameras: list[str], moment: Moment, verdict: str | None) -> Frame:
    from vla_gym.report.video import compose_frame

    pictures = walk.pictures(cameras)
    caption = caption_of(walk.record, moment.subtask, len(walk.spec.subtasks))
    return compose_frame(pictures, instruction=caption, verdict=verdict, step=moment.step)


def caption_of(record: EpisodeRecord, number: int, count: int) -> str:
    """Return what is asked for, after which of how many sub-tasks it is where there are several."""
    instruction = record.subtasks[number].instruction
    return instruction if count == 1 else f"{number + 1}/{count} {instruction}"


def _verdict(walk: Walk, number: int) -> str:
    last = number == len(walk.record.subtasks) - 1
    if last and walk.record.error is not None:
        return "error"
    return "success" if walk.record.subtasks[number].success else "failure"
