"""A rollout in one picture: frames of a video, evenly spaced, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vla_gym.errors import OptionError
from vla_gym.video_file import Frame, read_frames

_GAP = 4


def rollout_strip(frames: Sequence[Frame], n: int, *, columns: int = 4) -> Frame:
    """Return ``n`` evenly spaced frames, the first and the last among them.

    Args:
        frames: uint8 (H, W, 3), all of one size.
        n: Number of frames to show (all of them when there are fewer).
        columns: Frames a row.

    Returns:
        uint8 (rows * H, columns * W, 3) and narrow white gaps.
    """
    if n < 1 or columns < 1:
        raise OptionError(f"Expected at least one frame and one column, got {n} and {columns}.")
    if not frames:
        raise OptionError("A strip needs at least one frame, got none.")
    count = min(n, len(frames))
    chosen = [frames[i] for i in np.linspace(0, len(frames) - 1, count).round().astype(int)]
    height, width = chosen[0].shape[:2]
    columns = min(columns, count)
    rows = -(-count // columns)
    size = (rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, 3)
    sheet = np.full(size, 255, np.uint8)
    for place, frame in enumerate(chosen):
        top, left = (place // columns) * (height + _GAP), (place % columns) * (width + _GAP)
        sheet[top : top + height, left : left + width] = frame
    return sheet


def save_strip(
    video: Path, out: Path, *, frames: int = 8, columns: int = 4, width: int | None = None
) -> Path:
    """Write a strip of a video as a PNG.

    Args:
        video: The mp4.
        out: The PNG.
        frames: How many.
        columns: Frames a row.
        width: Scale the strip to this width in pixels.

    Returns:
        ``out``.
    """
    picture = Image.fromarray(rollout_strip(read_frames(video), frames, columns=columns))
    if width is not None:
        height = round(picture.height * width / picture.width)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    out.parent.mkdir(parents=True, exist_ok=True)
    picture.save(out, format="PNG", optimize=True)
    return out
