"""Videos of rollouts: all cameras side by side, what was asked for and how it went.

A frame explains itself: the instruction stands under the pictures, the verdict of the sub-task on
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vla_gym.errors import OptionError
from vla_gym.video_file import FOR_PEOPLE, Frame, write_frames

MIN_HEIGHT = 256
_GAP = 4
_BACKGROUND = (18, 18, 22)
_TEXT = (240, 240, 240)
_FAINT = (150, 150, 160)
_GOOD, _BAD, _OTHER = (60, 200, 100), (235, 80, 70), (240, 190, 70)
_VERDICTS = {"success": _GOOD, "failure": _BAD, "failed": _BAD, "error": _BAD}

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def compose_frame(
    images: Mapping[str, Frame],
    *,
    instruction: str,
    verdict: str | None = None,
    step: int | None = None,
) -> Frame:
    """Return one picture for people.

    Args:
        images: Camera pictures by role, uint8 (H, W, 3); scaled to one height, at least 256 px.
        instruction: Written under them.
        verdict: ``"success"`` or ``"failure"`` (any word is written), in colour on the picture.
        step: Environment step, written at the right.

    Returns:
        uint8 (H, W, 3) with even H and W; equal input sizes give equal output sizes.
    """
    if not images:
        raise OptionError("compose_frame got no pictures, expected one a camera.")
    height = max(MIN_HEIGHT, *(image.shape[0] for image in images.values()))
    scaled = [(role, _scale(image, height)) for role, image in images.items()]
    width = sum(picture.width for _, picture in scaled) + _GAP * (len(scaled) - 1)
    bar = height // 5
    canvas = Image.new("RGB", (width + width % 2, (height + bar + 1) // 2 * 2), _BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    left = 0
    for role, picture in scaled:
        canvas.paste(picture, (left, 0))
        _label(draw, role, (left + 6, height - 6), height // 20)
        left += picture.width + _GAP
    _caption(draw, instruction, step, (width, height, bar))
    if verdict:
        _stamp(draw, verdict, height)
    return np.asarray(canvas)


def write_video(path: Path, frames: Iterable[Frame], *, fps: float = 15.0) -> Path:
    """Write frames as an H.264 mp4 that every browser plays.

    Args:
        path: Ends in ``.mp4``; its directory is made.
        frames: uint8 (H, W, 3), all of one size, H and W even.
        fps: Frames per second.

    Returns:
        ``path``. Equal frames give equal bytes.

    Raises:
        VlaGymError: When there are no frames or the file cannot be written.
    """
    write_frames(path, frames, fps=fps, encoding=FOR_PEOPLE)
    return path


def _scale(image: Frame, height: int) -> Image.Image:
    picture = Image.fromarray(np.ascontiguousarray(image))
    width = max(2, round(picture.width * height / picture.height))
    # Nothing is invented: small pictures are enlarged smoothly, none is sharpened or cropped.
    return picture.resize((width, height), Image.Resampling.BILINEAR)


def _caption(
    draw: ImageDraw.ImageDraw, instruction: str, step: int | None, size: tuple[int, int, int]
) -> None:
    """Write the instruction into the bar, in the largest size that fits in two lines."""
    width, top, bar = size
    counter = "" if step is None else f"step {step}"
    small = _font(max(11, bar // 4))
    room = width - 16 - (round(small.getlength(counter)) + 12 if counter else 0)
    lines, font = _fit(instruction, room, bar)
    ascent = _line_height(font)
    y = top + (bar - ascent * len(lines)) // 2
    for line in lines:
        draw.text((8, y), line, font=font, fill=_TEXT)
        y += ascent
    if counter:
        draw.text((width - 8, top + bar // 2), counter, font=small, fill=_FAINT, anchor="rm")


@lru_cache(maxsize=64)
def _fit(text: str, room: int, bar: int) -> tuple[tuple[str, ...], Font]:
    """Return lines and font; remembered, because every frame of a rollout asks the same."""
    largest, smallest = bar * 2 // 5, 11
    for size in range(largest, smallest - 1, -1):
        font = _font(size)
        lines = _wrap(text, font, room)
        if len(lines) <= 2 and _line_height(font) * len(lines) <= bar:
            return tuple(lines), font
    font = _font(smallest)
    lines = _wrap(text, font, room)[:2]
    return (lines[0], f"{lines[1][:-3]}..."), font


def _wrap(text: str, font: Font, room: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _stamp(draw: ImageDraw.ImageDraw, verdict: str, height: int) -> None:
    """Write the verdict on a plate of its colour at the upper left."""
    font = _font(height // 14)
    colour = _VERDICTS.get(verdict.lower(), _OTHER)
    box = draw.textbbox((14, 12), verdict, font=font)
    draw.rounded_rectangle((8, 6, box[2] + 6, box[3] + 6), radius=4, fill=colour)
    draw.text((14, 12), verdict, font=font, fill=(0, 0, 0))


def _label(draw: ImageDraw.ImageDraw, text: str, at: tuple[int, int], size: int) -> None:
    draw.text(
        at, text, font=_font(size), fill=_TEXT, anchor="ls", stroke_width=1, stroke_fill=(0, 0, 0)
    )


def _line_height(font: Font) -> int:
    return round(font.getbbox("Ag")[3] * 1.15)


@lru_cache(maxsize=64)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)
