"""Clips: a JSON file for every sub-task, videos beside them.

``anns/{train,val}/{id}.json`` holds a text, the path of a video and actions; several sub-tasks may
share a video. Data sets of this kind differ in what they call their fields, so names are looked for
among likely ones, or given. ``docs/datasets.md`` says which published one this was written for,
from its card alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vla_gym.arrays import reading
from vla_gym.datasets.demonstration import (
    DatasetSpec,
    Demonstration,
    Floats,
    Pictures,
    check_demonstration,
)
from vla_gym.datasets.lerobot_paths import inside
from vla_gym.datasets.pictures import read_pictures
from vla_gym.errors import DatasetError, OptionError
from vla_gym.schema import Record

ANNOTATIONS = "anns"
SPLITS = ("train", "val")


class ClipFields(Record):
    """What the fields may be called; the first that is there counts.

    Attributes:
        text: The instruction; a list's first sentence.
        video: Path of the video, relative to the data set; or paths by camera role.
        actions: Rows of numbers.
        state: Likewise; optional.
        start: First frame in the video; 0 where there is none.
    """

    text: tuple[str, ...] = ("text", "texts", "instruction", "language_instruction", "task")
    video: tuple[str, ...] = ("video", "videos", "video_path", "media")
    actions: tuple[str, ...] = ("actions", "action")
    state: tuple[str, ...] = ("state", "states", "proprio", "proprioception")
    start: tuple[str, ...] = ("start", "start_frame", "begin", "start_idx")


def recognises(path: Path) -> bool:
    """Whether a folder has annotations where the card says they are."""
    return any((path / ANNOTATIONS / split).is_dir() for split in SPLITS)


class ClipsOptions(Record):
    """What has to be said of a folder, since its files do not.

    Attributes:
        spec: What its numbers mean.
        split: Which part of it.
        fields: Where things lie in a file.
    """

    spec: DatasetSpec | None = None
    split: str = "train"
    fields: ClipFields | None = None


def open(
    path: Path,
    *,
    spec: DatasetSpec | None = None,
    split: str = "train",
    fields: ClipFields | None = None,
) -> ClipDataset:
    """Return a split; needs the option ``spec``, for the files do not say what their numbers mean.

    Raises:
        DatasetError: Without a ``spec``.
        OptionError: An unknown split.
    """
    if split not in SPLITS:
        raise OptionError(f"split={split!r}: expected one of {', '.join(SPLITS)}.")
    if spec is None:
        raise DatasetError(
            f"{path} does not say what its numbers mean. In Python: "
            "load_dataset(path, {'spec': DatasetSpec(...)})."
        )
    return ClipDataset(path, split=split, spec=spec, fields=fields or ClipFields())


class ClipDataset:
    """The sub-tasks of a split.

    Args:
        root: The folder with ``anns``.
        split: ``"train"`` or ``"val"``.
        spec: What the numbers mean.
        fields: What the fields may be called.
    """

    def __init__(self, root: Path, *, split: str, spec: DatasetSpec, fields: ClipFields) -> None:
        self.root, self.spec, self._fields = root, spec, fields
        self._files = sorted((root / ANNOTATIONS / split).glob("*.json"))

    @cached_property
    def lengths(self) -> list[int]:
        """Frames of every sub-task; reads all annotations once."""
        return [len(self._clip(index).actions) for index in range(len(self._files))]

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        """Return a sub-task; without its pictures where only numbers are wanted.

        Raises:
            DatasetError: When a field or a file is absent or damaged; the message names it.
        """
        clip = self._clip(index)
        text, actions = clip.text, clip.actions
        demonstration = Demonstration(
            images=self._pictures(clip, len(actions)) if images else {},
            proprioception=self._state(clip, len(actions)),
            actions=actions,
            instruction=text,
            source={"file": str(clip.file)},
        )
        check_demonstration(demonstration, self.spec, where=str(clip.file))
        return demonstration

    def _clip(self, index: int) -> _Clip:
        return _Clip(self._files[index], _read(self._files[index]), self._fields)

    def _state(self, clip: _Clip, length: int) -> Floats:
        if not self.spec.proprioception or not set(self._fields.state) & clip.values.keys():
            return np.zeros((length, 0), np.float32)
        return clip.rows(self._fields.state, "states")[:length]

    def _pictures(self, clip: _Clip, length: int) -> dict[str, Pictures]:
        start, video, fps = clip.start, clip.field(self._fields.video), self.spec.fps
        return {
            role: read_pictures(self._video(clip, video, role), length, start=start / fps, fps=fps)
            for role in self.spec.cameras
        }

    def _video(self, clip: _Clip, video: Any, role: str) -> Path:
        """Return the file of a camera; one path alone is that of the only camera."""
        if isinstance(video, dict) and role in video:
            return inside(self.root, str(video[role]), where=f"{clip.file}: its video")
        if isinstance(video, str) and len(self.spec.cameras) == 1:
            return inside(self.root, video, where=f"{clip.file}: its video")
        raise DatasetError(
            f"{clip.file}: its video is {video!r}; for the cameras "
            f"{', '.join(self.spec.cameras)} a path by role was expected."
        )


@dataclass(frozen=True)
class _Clip:
    """An annotation that was read."""

    file: Path
    values: Mapping[str, Any]
    names: ClipFields

    @property
    def actions(self) -> Floats:
        """``(T, a)``."""
        return self.rows(self.names.actions, "actions")

    @property
    def text(self) -> str:
        """What was asked for; the first of several sentences."""
        found = self.field(self.names.text)
        text = found[0] if isinstance(found, list) and found else found
        if not isinstance(text, str):
            raise DatasetError(f"{self.file}: its text is {found!r}, expected a sentence.")
        return text

    @property
    def start(self) -> float:
        """Number of its first frame in the video; 0 where nothing says it."""
        if not set(self.names.start) & self.values.keys():
            return 0.0
        found = self.field(self.names.start)
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found < 2**31:
            raise DatasetError(f"{self.file}: it begins at frame {found!r}, expected a number.")
        return float(found)

    def field(self, names: Sequence[str]) -> Any:
        """Return the first field of these names that is there."""
        for name in names:
            if name in self.values:
                return self.values[name]
        raise DatasetError(
            f"{self.file} has none of the fields {', '.join(names)}; it has "
            f"{', '.join(self.values) or 'nothing'}. Say what they are called: "
            "load_dataset(path, {'spec': ..., 'fields': ClipFields(...)})."
        )

    def rows(self, names: Sequence[str], what: str) -> Floats:
        """Return a field as rows of numbers."""
        values = self.field(names)
        try:
            with np.errstate(over="ignore"):  # what is too large is infinite, and refused
                rows = np.asarray(values, np.float32)
        except (TypeError, ValueError, OverflowError) as error:
            raise DatasetError(f"{self.file}: {what} are no rows of numbers: {error}") from error
        if rows.ndim != 2:
            raise DatasetError(
                f"{self.file}: {what} have shape {rows.shape}, expected rows of numbers."
            )
        return rows


def _read(file: Path) -> Mapping[str, Any]:
    with reading(file, DatasetError):
        found = json.loads(file.read_bytes())
    if not isinstance(found, dict):
        raise DatasetError(f"{file} holds {type(found).__name__}, expected a mapping.")
    return found
