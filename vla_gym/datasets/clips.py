"""Clips: a JSON file for every sub-task, videos beside them.

``anns/{train,val}/{id}.json`` holds a text, the path of a video and actions; several sub-tasks may
share a video. Data sets of this kind differ in what they call their fields, so names are looked for
among likely ones, or given. ``docs/datasets.md`` says which published one this was written for,
from its card alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from vla_gym.contract.spec import Record
from vla_gym.datasets.demonstration import (
    DatasetSpec,
    Demonstration,
    Floats,
    Pictures,
    check_demonstration,
)
from vla_gym.datasets.pictures import read_pictures
from vla_gym.errors import DatasetError, OptionError

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
            "open_dataset(path, {'spec': DatasetSpec(...)})."
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
        return [len(self._actions(index)) for index in range(len(self._files))]

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        """Return a sub-task; without its pictures where only numbers are wanted.

        Raises:
            DatasetError: When a field or a file is absent or damaged; the message names it.
        """
        annotation, actions = self._annotation(index), self._actions(index)
        text = self._field(index, self._fields.text)
        demonstration = Demonstration(
            images=self._pictures(index, len(actions)) if images else {},
            proprioception=self._state(annotation, index, len(actions)),
            actions=actions,
            instruction=str(text[0] if isinstance(text, list) else text),
            source={"file": str(self._files[index])},
        )
        check_demonstration(demonstration, self.spec, where=str(self._files[index]))
        return demonstration

    def _annotation(self, index: int) -> Mapping[str, Any]:
        file = self._files[index]
        try:
            found = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            raise DatasetError(f"{file} cannot be read: {error}") from error
        if not isinstance(found, dict):
            raise DatasetError(f"{file} holds {type(found).__name__}, expected a mapping.")
        return found

    def _field(self, index: int, names: Sequence[str]) -> Any:
        annotation = self._annotation(index)
        for name in names:
            if name in annotation:
                return annotation[name]
        raise DatasetError(
            f"{self._files[index]} has none of the fields {', '.join(names)}; it has "
            f"{', '.join(annotation) or 'nothing'}. Say what they are called: "
            "open_dataset(path, {'spec': ..., 'fields': ClipFields(...)})."
        )

    def _actions(self, index: int) -> Floats:
        return self._rows(self._field(index, self._fields.actions), "actions", index)

    def _state(self, annotation: Mapping[str, Any], index: int, length: int) -> Floats:
        if not self.spec.proprioception or not set(self._fields.state) & annotation.keys():
            return np.zeros((length, 0), np.float32)
        return self._rows(self._field(index, self._fields.state), "states", index)[:length]

    def _rows(self, values: Any, name: str, index: int) -> Floats:
        try:
            rows = np.asarray(values, np.float32)
        except (TypeError, ValueError) as error:
            where = self._files[index]
            raise DatasetError(f"{where}: {name} are no rows of numbers: {error}") from error
        if rows.ndim != 2:
            raise DatasetError(
                f"{self._files[index]}: {name} have shape {rows.shape}, expected rows of numbers."
            )
        return rows

    def _pictures(self, index: int, length: int) -> dict[str, Pictures]:
        start = next(
            (float(v) for k, v in self._annotation(index).items() if k in self._fields.start), 0.0
        )
        video, fps = self._field(index, self._fields.video), self.spec.fps
        return {
            role: read_pictures(self._video(video, role, index), length, start=start / fps, fps=fps)
            for role in self.spec.cameras
        }

    def _video(self, video: Any, role: str, index: int) -> Path:
        """Return the file of a camera; one path alone is that of the only camera."""
        if isinstance(video, dict) and role in video:
            return self.root / str(video[role])
        if isinstance(video, str) and len(self.spec.cameras) == 1:
            return self.root / video
        raise DatasetError(
            f"{self._files[index]}: its video is {video!r}; for the cameras "
            f"{', '.join(self.spec.cameras)} a path by role was expected."
        )
