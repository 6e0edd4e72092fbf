"""Pictures into a file and back: equal bytes for equal frames, and nothing half written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vla_gym.errors import VlaGymError
from vla_gym.testing import MockWorld
from vla_gym.video_file import (
    FOR_PEOPLE,
    FOR_TRAINING,
    Encoding,
    Frame,
    encoder_of,
    join_videos,
    read_frames,
    write_frames,
)

FPS = 30.0


def ramps(count: int = 12, height: int = 32, width: int = 48) -> list[Frame]:
    """Return grey pictures, each brighter than the one before."""
    return [np.full((height, width, 3), 10 + 20 * i, np.uint8) for i in range(count)]


@pytest.mark.parametrize("encoding", [FOR_PEOPLE, FOR_TRAINING])
def test_equal_frames_give_equal_bytes(tmp_path: Path, encoding: Encoding) -> None:
    files = [tmp_path / name for name in ("a.mp4", "b.mp4")]
    for file in files:
        write_frames(file, ramps(), fps=FPS, encoding=encoding)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_what_lies_in_memory_does_not_show(tmp_path: Path) -> None:
    rng, world = np.random.default_rng(0), MockWorld()
    world.reset(seed=0)
    frames = [world.step(rng.uniform(-1, 1, 7))[0]["images"]["static"] for _ in range(6)]
    litter: list[bytes] = []
    found = set()
    for _ in range(24):
        litter = [*litter[-20:], rng.bytes(int(rng.integers(100, 200_000)))]
        write_frames(tmp_path / "a.mp4", frames, fps=FPS, encoding=FOR_TRAINING)
        found.add((tmp_path / "a.mp4").read_bytes())
    assert len(found) == 1


def test_what_is_read_is_what_was_written_but_for_the_loss(tmp_path: Path) -> None:
    write_frames(tmp_path / "a.mp4", ramps(), fps=FPS, encoding=FOR_TRAINING)
    read = read_frames(tmp_path / "a.mp4")
    assert len(read) == 12
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(read, ramps(), strict=True)) <= 3


@pytest.mark.parametrize("first", range(12))
def test_reading_begins_at_the_nearest_frame(tmp_path: Path, first: int) -> None:
    path = tmp_path / "a.mp4"
    write_frames(path, ramps(), fps=FPS, encoding=FOR_TRAINING)
    (frame,) = read_frames(path, 1, start=first / FPS, fps=FPS)
    np.testing.assert_array_equal(frame, read_frames(path)[first])


def test_a_video_that_is_too_short_says_so(tmp_path: Path) -> None:
    write_frames(tmp_path / "a.mp4", ramps(), fps=FPS, encoding=FOR_PEOPLE)
    with pytest.raises(VlaGymError, match="holds 12 of 13 frames"):
        read_frames(tmp_path / "a.mp4", 13)


@pytest.mark.parametrize("frames", [[], ramps(1, 31), [*ramps(1), *ramps(1, 64)]])
def test_what_cannot_be_a_video_leaves_nothing_behind(tmp_path: Path, frames: list[Frame]) -> None:
    with pytest.raises(VlaGymError, match=r"no frames|even H and W"):
        write_frames(tmp_path / "a.mp4", frames, fps=FPS, encoding=FOR_PEOPLE)
    assert not list(tmp_path.iterdir())


def test_whoever_draws_may_break_off(tmp_path: Path) -> None:
    def broken() -> Iterator[Frame]:
        yield from ramps(3)
        raise RuntimeError("the renderer is gone")

    with pytest.raises(RuntimeError, match="the renderer is gone"):
        write_frames(tmp_path / "a.mp4", broken(), fps=FPS, encoding=FOR_PEOPLE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fps", [3, 10, 12.5, 25, 29.97, 30])
def test_videos_that_are_joined_keep_every_frame_and_its_time(tmp_path: Path, fps: float) -> None:
    parts, frames = [], []
    for number, length in enumerate((1, 7, 2, 12, 1)):
        part = tmp_path / f"{number}.mp4"
        write_frames(part, ramps(length)[::-1], fps=fps, encoding=FOR_TRAINING)
        parts.append(part)
        frames += read_frames(part)
    assert len({encoder_of(part) for part in parts}) == 1
    joined = [tmp_path / name for name in ("joined.mp4", "again.mp4")]
    for file in joined:
        join_videos(file, parts, fps=fps)
    assert joined[0].read_bytes() == joined[1].read_bytes()
    np.testing.assert_array_equal(read_frames(joined[0], len(frames), fps=fps), frames)
    late = read_frames(joined[0], 2, start=10 / fps, fps=fps)
    np.testing.assert_array_equal(late, frames[10:12])


def test_videos_of_another_size_are_encoded_otherwise(tmp_path: Path) -> None:
    for name, height in (("a", 32), ("b", 34)):
        write_frames(tmp_path / f"{name}.mp4", ramps(2, height), fps=FPS, encoding=FOR_TRAINING)
    assert encoder_of(tmp_path / "a.mp4") != encoder_of(tmp_path / "b.mp4")


def test_a_video_of_another_rate_is_refused(tmp_path: Path) -> None:
    write_frames(tmp_path / "a.mp4", ramps(), fps=2 * FPS, encoding=FOR_TRAINING)
    with pytest.raises(VlaGymError, match=r"frame 1 .* expected 0\.0333333 \(30 Hz\)"):
        read_frames(tmp_path / "a.mp4", 4, fps=FPS)


@pytest.mark.parametrize(
    "text",
    ["ffconcat version 1.0\nfile real.mp4\n", "#EXTM3U\n#EXTINF:1,\nreal.ts\n#EXT-X-ENDLIST\n"],
)
def test_a_list_of_other_files_is_no_video(tmp_path: Path, text: str) -> None:
    write_frames(tmp_path / "real.mp4", ramps(), fps=FPS, encoding=FOR_TRAINING)
    (tmp_path / "list.mp4").write_text(text)
    with pytest.raises(VlaGymError, match=r"list\.mp4 cannot be read"):
        read_frames(tmp_path / "list.mp4")


@pytest.mark.parametrize("content", [b"", b"text", b"\0" * 5000])
def test_what_is_no_video_cannot_be_joined(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(VlaGymError, match="cannot be written"):
        join_videos(tmp_path / "out.mp4", [tmp_path / "a.mp4"], fps=FPS)
    assert not (tmp_path / "out.mp4").exists()
