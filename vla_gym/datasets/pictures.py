"""Pictures of an episode as a video file and back; lossy, but by less than sensors are.

Through PyAV, in this process: a data set has a file for every episode and camera, and starting a
program for each of them costs more than decoding it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from vla_gym.datasets.demonstration import Pictures
from vla_gym.errors import DatasetError, MissingDependencyError

_QUALITY = {"crf": "12", "preset": "veryfast", "threads": "1"}
_KEY_FRAMES = 2
"""Nearly every second frame stands alone (as LeRobot does), so that any of them is found fast."""


def write_pictures(path: Path, pictures: Pictures, *, fps: float) -> None:
    """Write uint8 ``(T, H, W, 3)``, H and W even, as H.264.

    Raises:
        DatasetError: When the sizes are odd or the disk is full.
    """
    height, width = pictures.shape[1:3]
    if height % 2 or width % 2:
        raise DatasetError(f"Pictures of {height} x {width}: a video needs even sizes.")
    partial = path.with_name(f".{path.name}.partial.mp4")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _encode(partial, pictures, fps)
        partial.replace(path)
    except OSError as error:
        raise DatasetError(f"Video {path} cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def read_pictures(path: Path, count: int, *, start: float = 0.0, fps: float) -> Pictures:
    """Return ``count`` pictures from ``start`` seconds on, uint8 ``(count, H, W, 3)``.

    Raises:
        DatasetError: When the file is absent, damaged or too short.
    """
    if not path.is_file():
        raise DatasetError(f"Video {path} cannot be read: no such file")
    try:
        frames = list(islice(_decode(path, start, fps), count))
    except (OSError, ValueError) as error:  # PyAV's errors are of these
        raise DatasetError(f"Video {path} cannot be read: {error}") from error
    if len(frames) < count:
        raise DatasetError(
            f"Video {path} holds {len(frames)} of {count} frames from second {start:g} on; "
            "it was cut off. Record or download it again."
        )
    return np.stack(frames)


def _encode(path: Path, pictures: Pictures, fps: float) -> None:
    av = _library()
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt, stream.gop_size, stream.options = "yuv420p", _KEY_FRAMES, _QUALITY
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def _decode(path: Path, start: float, fps: float) -> Iterator[Pictures]:
    with _library().open(str(path)) as file:
        stream = file.streams.video[0]
        stream.codec_context.thread_count = 1
        early = start - 0.25 / fps  # the nearest frame, whatever the rounding of its time
        if start > 0:
            file.seek(int(early / stream.time_base), stream=stream)
        for frame in file.decode(stream):
            if frame.time is None or frame.time >= early:
                yield frame.to_ndarray(format="rgb24")


def _library() -> Any:
    try:
        import av
    except ImportError:
        raise MissingDependencyError(
            "Videos of data sets need PyAV: pip install 'vla-gym[datasets]'"
        ) from None
    return av
