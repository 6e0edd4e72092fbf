"""Pictures of an episode as a video file and back; lossy, but by less than sensors are."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from vla_gym.datasets.demonstration import Pictures
from vla_gym.errors import DatasetError

_QUALITY = ["-crf", "12", "-g", "2", "-preset", "veryfast", "-threads", "1"]
"""Nearly every second frame stands alone (as LeRobot does), so that any of them is found fast."""


def write_pictures(path: Path, pictures: Pictures, *, fps: float) -> None:
    """Write uint8 ``(T, H, W, 3)``, H and W even, as H.264.

    Raises:
        DatasetError: When the sizes are odd or the disk is full.
    """
    import imageio_ffmpeg

    height, width = pictures.shape[1:3]
    if height % 2 or width % 2:
        raise DatasetError(f"Pictures of {height} x {width}: a video needs even sizes.")
    partial = path.with_name(f".{path.name}.partial.mp4")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = imageio_ffmpeg.write_frames(
            str(partial),
            (width, height),
            fps=fps,
            codec="libx264",
            pix_fmt_out="yuv420p",
            quality=None,
            macro_block_size=2,
            ffmpeg_log_level="error",
            output_params=_QUALITY,
        )
        writer.send(None)
        with contextlib.closing(writer):
            for picture in pictures:
                writer.send(np.ascontiguousarray(picture))
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
    import imageio_ffmpeg

    seek = ["-ss", f"{start - 0.25 / fps:.6f}"] if start > 0 else []
    frames: list[Pictures] = []
    try:
        with contextlib.closing(_reader(imageio_ffmpeg, path, seek)) as reader:
            width, height = next(reader)["size"]
            for raw in reader:
                frames.append(np.frombuffer(raw, np.uint8).reshape(height, width, 3))
                if len(frames) == count:
                    break
    except (OSError, RuntimeError, StopIteration) as error:
        raise DatasetError(f"Video {path} cannot be read: {_first_line(error)}") from error
    if len(frames) < count:
        raise DatasetError(
            f"Video {path} holds {len(frames)} of {count} frames from second {start:g} on; "
            "it was cut off. Record or download it again."
        )
    return np.stack(frames)


def _reader(module: Any, path: Path, seek: list[str]) -> Generator[Any, None, None]:
    if not path.is_file():
        raise OSError("no such file")
    reader: Generator[Any, None, None] = module.read_frames(
        str(path), pix_fmt="rgb24", input_params=seek
    )
    return reader


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
