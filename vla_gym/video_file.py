"""H.264 files: the one place where pictures are encoded and decoded.

Through imageio's PyAV plugin, in this process: a data set has a file for every episode and camera,
and starting a program for each of them costs more than encoding it. One thread and no metadata:
the bytes of a file are a function of its frames, on any number of cores. A file is written beside
its final name and renamed, so that a run that was broken off leaves none that cannot be played.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.errors import VlaGymError
from vla_gym.files import replacing

Frame = npt.NDArray[np.uint8]

_MUXING = {"fflags": "+bitexact", "movflags": "+faststart"}
"""No date and no version in the file; the index in front, so that a browser plays at once."""
_CONTAINERS = {"format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts"}
"""What is opened: a file that is a list of others (HLS, concat), whatever its name, is not."""
_DETERMINISTIC = {"x264-params": "mbtree=0"}
"""The assembler of x264's macroblock tree (``mbtree``) reads memory that nobody wrote: equal frames
gave up to six different files in 300 tries, with decoded pixels up to 25 grey levels apart."""


@dataclass(frozen=True)
class Encoding:
    """How much is kept of the pictures.

    Attributes:
        crf: x264's constant rate factor; 0 is lossless, 51 the worst.
        preset: x264's trade of time for size.
        keyframe_interval: Greatest distance, in frames, of two that stand alone; ``None`` leaves
            it to x264.
    """

    crf: int
    preset: str
    keyframe_interval: int | None = None


FOR_PEOPLE = Encoding(crf=15, preset="medium")
FOR_TRAINING = Encoding(crf=12, preset="veryfast", keyframe_interval=2)
"""Every second frame stands alone (as in LeRobot's data sets), so that any is found fast."""


def write_frames(path: Path, frames: Iterable[Frame], *, fps: float, encoding: Encoding) -> None:
    """Write a video.

    Args:
        path: Ends in ``.mp4``; its directory is made.
        frames: uint8 ``(H, W, 3)``, all of one size, H and W even.
        fps: Frames per second.
        encoding: How much is kept of them.

    Raises:
        VlaGymError: When there are no frames, their sizes are odd or differ, or the file cannot be
            written; nothing is left behind.
    """
    try:
        with replacing(path) as partial, _little_garbage():
            if not _encode(partial, _checked(path, frames), fps, encoding):
                raise VlaGymError(f"Video {path} has no frames.")
    except OSError as error:
        raise VlaGymError(f"Video {path} cannot be written: {error}") from error


def read_frames(
    path: Path, count: int | None = None, *, start: float = 0.0, fps: float | None = None
) -> list[Frame]:
    """Return frames of a video, uint8 ``(H, W, 3)``.

    Args:
        path: The file.
        count: How many; all that follow if ``None``.
        start: Seconds to the first one.
        fps: Frames per second: ``start`` is met by the nearest frame, and the others must follow
            at this rate.

    Raises:
        VlaGymError: When the file is absent, damaged, too short or of another rate.
    """
    if not _is_file(path):
        raise VlaGymError(f"Video {path} cannot be read: no such file.")
    early = start - (0.25 / fps if fps else 0.0)  # the nearest frame, whatever its rounding
    try:
        found = list(islice(_decode(path, early), count))
    except _damages() as error:
        raise VlaGymError(f"Video {path} cannot be read: {error}") from error
    if count is not None and len(found) < count:
        raise VlaGymError(
            f"Video {path} holds {len(found)} of {count} frames from second {start:g} on; "
            "it was cut off. Record or download it again."
        )
    if fps:
        _check_rate(path, [time for time, _ in found], start, fps)
    return [frame for _, frame in found]


def join_videos(path: Path, parts: Sequence[Path], *, fps: float) -> None:
    """Write videos one after the other into one, without encoding them again.

    Args:
        path: Ends in ``.mp4``; its directory is made.
        parts: The videos; all of one ``encoder_of``.
        fps: Frames per second of all of them.

    Raises:
        VlaGymError: When one is absent or damaged, or the file cannot be written; nothing is left
            behind.
    """
    try:
        with replacing(path) as partial:
            _join(partial, parts, fps)
    except _damages() as error:
        raise VlaGymError(f"Video {path} cannot be written: {error}") from error


def encoder_of(path: Path) -> tuple[int, int, bytes]:
    """Return height, width and parameters of a video: those of equal ones can be joined.

    Raises:
        VlaGymError: When the file is absent or damaged.
    """
    import av

    try:
        with av.open(str(path), options=_CONTAINERS) as file:
            context = _stream(file).codec_context
            return context.height, context.width, bytes(context.extradata or b"")
    except _damages() as error:
        raise VlaGymError(f"Video {path} cannot be read: {error}") from error


def versions() -> dict[str, str]:
    """Return the versions of what encodes, by name."""
    import av
    import imageio

    return {"imageio": imageio.__version__, "av": av.__version__}


@contextlib.contextmanager
def _little_garbage() -> Iterator[None]:
    """Keep what exists already out of the garbage collections of imageio's plugin.

    It collects twice per file, which takes half a second in a process that holds torch.
    """
    if gc.get_freeze_count():  # somebody else's, to be left as they are
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _checked(path: Path, frames: Iterable[Frame]) -> Iterator[Frame]:
    size = None
    for frame in frames:
        size = size or frame.shape
        if frame.shape != size or frame.shape[0] % 2 or frame.shape[1] % 2:
            raise VlaGymError(
                f"Video {path}: a frame has shape {frame.shape}; expected pictures of one size, "
                "(H, W, 3) with even H and W."
            )
        yield frame


def _encode(path: Path, frames: Iterator[Frame], fps: float, encoding: Encoding) -> int:
    """Return how many frames were written."""
    import imageio.v3

    imopen: Any = imageio.v3.imopen  # its types know no options of a plugin
    count = 0
    with imopen(path, "w", plugin="pyav", options=_MUXING) as file:
        file.init_video_stream(
            "libx264",
            fps=fps,
            pixel_format="yuv420p",
            max_keyframe_interval=encoding.keyframe_interval,
        )
        _tune(file, encoding)
        for frame in frames:
            file.write_frame(np.ascontiguousarray(frame))
            count += 1
        if not count:
            file._video_stream = None  # nothing to flush: an encoder that saw no frame has no size
    return count


def _tune(file: Any, encoding: Encoding) -> None:
    """Set what imageio's plugin has no argument for."""
    stream = file._video_stream
    stream.options = {"crf": str(encoding.crf), "preset": encoding.preset, **_DETERMINISTIC}
    stream.codec_context.thread_count = 1


def _join(path: Path, parts: Sequence[Path], fps: float) -> None:
    import av

    delay = max(map(_delay, parts))
    frames = 0
    with av.open(str(path), "w", options=_MUXING) as joined:
        out: Any = None
        for part in parts:
            with av.open(str(part), options=_CONTAINERS) as file:
                stream = _stream(file)
                if out is None:
                    out = joined.add_stream_from_template(stream)
                    out.time_base = stream.time_base
                ticks, packets = 1 / fps / stream.time_base, _packets(file)
                for number, packet in enumerate(packets, frames):
                    packet.pts += round(frames * ticks)
                    packet.dts = round(number * ticks) - delay
                    packet.stream = out
                    joined.mux(packet)
                frames += len(packets)


def _delay(path: Path) -> int:
    """Return how many ticks before it is shown the first frame is decoded."""
    import av

    with av.open(str(path), options=_CONTAINERS) as file:
        first = _packets(file)[0]
        return int(first.pts - first.dts)


def _packets(file: Any) -> list[Any]:
    """Return the encoded frames of a video, in the order in which they are decoded."""
    found = [packet for packet in file.demux(_stream(file)) if packet.dts is not None]
    if not found:
        raise ValueError("a part has no frames")
    return found


def _damages() -> tuple[type[BaseException], ...]:
    """Return what a damaged file raises; PyAV's errors have no base among the built-in ones."""
    import av

    return av.FFmpegError, OSError, ValueError


def _stream(file: Any) -> Any:
    """Return the video in a file."""
    if not file.streams.video or file.streams.video[0].codec_context is None:
        raise ValueError("there is no video in it that can be decoded")
    return file.streams.video[0]


def _check_rate(path: Path, times: Sequence[float | None], start: float, fps: float) -> None:
    """Refuse frames that do not follow each other at a rate, as in a video of another rate."""
    for number, time in enumerate(times):
        expected = start + number / fps
        if time is not None and abs(time - expected) > 0.25 / fps:
            raise VlaGymError(
                f"Video {path}: frame {number} from second {start:g} on is shown at second "
                f"{time:g}, expected {expected:g} ({fps:g} Hz): frames were lost, or it was "
                "recorded at another rate."
            )


def _decode(path: Path, start: float) -> Iterator[tuple[float | None, Frame]]:
    """Yield time and picture of the frames from ``start`` seconds on."""
    import av

    with av.open(str(path), options=_CONTAINERS) as file:
        stream = _stream(file)
        stream.codec_context.thread_count = 1
        if start > 0:
            file.seek(int(start / float(stream.time_base)), stream=stream)
        for frame in file.decode(stream):
            if frame.time is None or frame.time >= start:
                yield frame.time, frame.to_ndarray(format="rgb24")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for one
        return False
