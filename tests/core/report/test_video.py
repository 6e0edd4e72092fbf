"""Pictures that explain themselves, videos that can be played, strips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from vla_gym.errors import OptionError, VlaGymError
from vla_gym.report import compose_frame, rollout_strip, save_strip, write_video
from vla_gym.video_file import read_frames

Frame = npt.NDArray[np.uint8]
LONG = "take the red block and rotate it to the right, then put it into the drawer and close it"


def cameras(level: int = 90) -> dict[str, Frame]:
    return {
        "static": np.full((200, 200, 3), level, np.uint8),
        "wrist": np.full((84, 63, 3), level // 2, np.uint8),
    }


def test_cameras_stand_side_by_side_at_one_height_of_256_at_least() -> None:
    frame = compose_frame(cameras(), instruction="lift it", step=3)
    height, width, channels = frame.shape
    assert channels == 3
    assert height > 256
    assert height % 2 == width % 2 == 0
    assert width >= 256 + 192
    assert tuple(frame[128, 128]) == (90, 90, 90)
    assert tuple(frame[128, 256 + 90]) == (45, 45, 45)


def test_large_pictures_keep_their_size() -> None:
    frame = compose_frame({"a": np.zeros((480, 640, 3), np.uint8)}, instruction="")
    assert frame.shape[0] > 480
    assert frame.shape[1] == 640


@pytest.mark.parametrize(("verdict", "channel"), [("success", 1), ("failure", 0), ("error", 0)])
def test_the_verdict_is_written_in_its_colour(verdict: str, channel: int) -> None:
    plain = compose_frame(cameras(), instruction="lift it")
    stamped = compose_frame(cameras(), instruction="lift it", verdict=verdict)
    changed = stamped[(plain != stamped).any(axis=2)]
    assert len(changed) > 200
    assert np.median(changed, axis=0).argmax() == channel


def test_the_size_does_not_depend_on_what_is_written() -> None:
    shapes = {
        compose_frame(cameras(), instruction=text, verdict=verdict, step=step).shape
        for text in ("", "go", LONG, LONG * 5)
        for verdict in (None, "success")
        for step in (None, 1000)
    }
    assert len(shapes) == 1


def test_a_long_instruction_stays_inside_the_picture() -> None:
    caption = compose_frame(cameras(), instruction=LONG)[256:]
    written = (caption > 120).any(axis=2)
    assert written.any()
    assert not written[:, -4:].any()
    assert not written[-2:].any()


def test_no_picture_is_an_error() -> None:
    with pytest.raises(OptionError, match="no pictures"):
        compose_frame({}, instruction="lift it")


def test_a_video_is_deterministic_and_can_be_read_again(tmp_path: Path) -> None:
    frames = [compose_frame(cameras(20 * i), instruction="lift", step=i) for i in range(8)]
    first = write_video(tmp_path / "a" / "one.mp4", frames, fps=15)
    second = write_video(tmp_path / "two.mp4", frames, fps=15)
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == ["one.mp4"]
    again = read_frames(first)
    assert len(again) == len(frames)
    assert np.abs(again[5].astype(int) - frames[5]).mean() < 3
    picture = save_strip(first, tmp_path / "strip.png", frames=4, columns=2, width=400)
    with Image.open(picture) as image:
        assert image.width == 400


def test_a_video_that_fails_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    def frames() -> object:
        yield compose_frame(cameras(), instruction="lift")
        raise RuntimeError("the environment died")

    with pytest.raises(RuntimeError, match="died"):
        write_video(tmp_path / "x.mp4", frames())  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VlaGymError, match="no frames"):
        write_video(tmp_path / "x.mp4", [])
    assert list(tmp_path.iterdir()) == []


def test_a_strip_shows_first_and_last_frame() -> None:
    frames = [np.full((10, 20, 3), i, np.uint8) for i in range(11)]
    strip = rollout_strip(frames, 6, columns=3)
    assert strip.shape == (24, 68, 3)
    assert strip[0, 0, 0] == 0
    assert strip[-1, -1, 0] == 10
    assert rollout_strip(frames[:2], 6).shape == (10, 44, 3)


def test_a_strip_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="at least one frame"):
        rollout_strip([], 3)
    with pytest.raises(OptionError, match="at least one frame and one column"):
        rollout_strip([np.zeros((2, 2, 3), np.uint8)], 0)
    with pytest.raises(VlaGymError, match="cannot be read: no such file"):
        read_frames(tmp_path / "none.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(VlaGymError, match=r"text\.mp4 cannot be read: "):
        read_frames(tmp_path / "text.mp4")
