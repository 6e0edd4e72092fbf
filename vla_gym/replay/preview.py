"""How the episodes of suites begin, in one picture: one column per suite, its tasks below it.

For any suite of any environment: environments are made and reset as the runner does it, and seen
through one of their cameras.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vla_gym.env.registration import contract_of
from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.replay.drive import make_env, reset
from vla_gym.suites.spec import EpisodeSpec, Suite
from vla_gym.video_file import Frame

_GAP, _LINE = 4, 13
_QUALITY = 82  # of JPEG
_INK, _PAPER = (20, 20, 20), (255, 255, 255)


def preview(
    suites: Sequence[Suite], *, camera: str | None = None, width: int = 160, columns: int = 5
) -> Image.Image:
    """Return a sheet of the first episode of every task.

    Args:
        suites: Each is a column; a single one fills a grid instead.
        camera: Role; default: the first of each environment.
        width: Of a picture, pixels.
        columns: Of the grid of a single suite.

    Raises:
        OptionError: When a number is not positive.
        UnknownNameError: For a camera that an environment does not have.
    """
    if width < 16 or columns < 1:
        raise OptionError(f"width={width}, columns={columns}: expected at least 16 and 1.")
    rows = _rows(suites)
    if len(suites) == 1:
        specs = [row[0] for row in rows]
        rows = [tuple(specs[i : i + columns]) for i in range(0, len(specs), columns)]
    cells = [[_cell(spec, camera, width) for spec in row] for row in rows]
    heads = [suite.name for suite in suites]
    return _sheet(cells, heads)


def save_preview(sheet: Image.Image, out: Path) -> Path:
    """Write a sheet as PNG or JPEG, by the name of the file."""
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out, quality=_QUALITY, optimize=True)
    return out


def _rows(suites: Sequence[Suite]) -> list[tuple[EpisodeSpec | None, ...]]:
    """Return the first episodes of the tasks of each suite, side by side.

    Tasks that all suites have come first, each in a row of its own; below them every column goes on
    with its others, so that only the end of a short one is empty.
    """
    firsts = [dict(_firsts(suite)) for suite in suites]
    shared = [name for name in firsts[0] if all(name in first for first in firsts)]
    columns = [
        [first[name] for name in (*shared, *(n for n in first if n not in shared))]
        for first in firsts
    ]
    return list(zip_longest(*columns))


def _firsts(suite: Suite) -> Iterator[tuple[str, EpisodeSpec]]:
    """Yield the first episode of each group, or of each task where groups hold several."""
    seen: set[str] = set()
    for spec in suite.episodes:
        name = spec.subtasks[0].name
        if name not in seen:
            seen.add(name)
            yield name, spec


def first_picture(spec: EpisodeSpec, camera: str | None = None) -> Frame:
    """Return how an episode begins, uint8 (H, W, 3)."""
    roles = tuple(contract_of(spec.env_id, spec.env_kwargs).cameras)
    if not roles or (camera is not None and camera not in roles):
        raise UnknownNameError(f"camera of {spec.env_id}", camera or "(any)", roles)
    role = camera or roles[0]
    env = make_env(spec.env_id, spec.env_kwargs, cameras=(role,))
    try:
        reset(env, spec)
        return np.array(env.render_cameras((role,))[role])
    finally:
        env.close()


def _cell(spec: EpisodeSpec | None, camera: str | None, width: int) -> Image.Image:
    """Return a picture with the instruction below it; empty where there is no episode."""
    if spec is None:
        return Image.new("RGB", (width, width + 2 * _LINE), _PAPER)
    picture = Image.fromarray(first_picture(spec, camera))
    height = round(picture.height * width / picture.width)
    font = ImageFont.load_default(size=10)
    lines = _wrapped(spec.subtasks[0].instruction, width, font)
    cell = Image.new("RGB", (width, height + max(2, len(lines)) * _LINE), _PAPER)
    cell.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (0, 0))
    pen = ImageDraw.Draw(cell)
    for number, line in enumerate(lines):
        pen.text((1, height + number * (_LINE - 2)), line, _INK, font=font)
    return cell


def _heading(heads: Sequence[str], width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the largest font in which every name fits above its column."""
    fonts = [ImageFont.load_default(size=size) for size in range(11, 5, -1)]
    fitting = [f for f in fonts if all(f.getlength(head) <= width for head in heads)]
    return [*fitting, fonts[-1]][0]


def _wrapped(
    text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _sheet(cells: Sequence[Sequence[Image.Image]], heads: Sequence[str]) -> Image.Image:
    """Return cells in rows under the names of the suites."""
    heights = [max(cell.height for cell in row) for row in cells]
    across = max(len(row) for row in cells)
    wide = max(cell.width for row in cells for cell in row) + _GAP
    top = _LINE + _GAP
    sheet = Image.new("RGB", (across * wide, top + sum(h + _GAP for h in heights)), _PAPER)
    pen, font = ImageDraw.Draw(sheet), _heading(heads, wide - _GAP)
    for column, head in enumerate(heads):
        pen.text((column * wide + 1, 2), head, _INK, font=font)
    for row, height in zip(cells, heights, strict=True):
        for column, cell in enumerate(row):
            sheet.paste(cell, (column * wide, top))
        top += height + _GAP
    return sheet
