"""CALVIN's data on disk, written as the official loader reads it whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vla_gym.errors import DatasetError
from vla_gym_calvin.datasets.annotations import Annotation, write_annotations
from vla_gym_calvin.datasets.play import BOUNDS, NUMBERS, PICTURES, Frames, frame_file
from vla_gym_calvin.datasets.scenes import write_scenes


class PlayWriter:
    """Writes a split.

    Args:
        folder: Must not hold one yet.
    """

    def __init__(self, folder: Path) -> None:
        if (folder / BOUNDS).exists():
            raise DatasetError(f"{folder} holds a split already; give another folder.")
        self.folder = folder
        self._bounds: list[tuple[int, int]] = []
        self._scenes: list[str | None] = []
        self._annotations: list[Annotation] = []
        folder.mkdir(parents=True, exist_ok=True)

    def add(
        self, frames: Frames, annotations: Sequence[Annotation], *, scene: str | None = None
    ) -> None:
        """Write one recording.

        Args:
            frames: ``(T, ...)`` by name, ``NUMBERS`` and the pictures at least.
            annotations: With frames counted from the beginning of the recording.
            scene: Where it was recorded, ``"A"`` to ``"D"``; recordings of a scene follow each
                other.

        Raises:
            DatasetError: When something is missing or of another length.
        """
        missing = {*NUMBERS, *PICTURES.values()} - set(frames)
        lengths = {len(values) for values in frames.values()}
        if missing or len(lengths) != 1:
            raise DatasetError(f"a recording lacks {sorted(missing)}, or differs in its lengths")
        if scene in self._scenes and scene != self._scenes[-1]:
            raise DatasetError(
                f"scene {scene} comes again after {self._scenes[-1]}; the layout has one range of "
                "frames for each: record one scene after the other."
            )
        first = self._bounds[-1][1] + 1 if self._bounds else 0
        for step in range(length := lengths.pop()):
            row = {name: values[step] for name, values in frames.items()}
            np.savez_compressed(self.folder / frame_file(first + step), **row)
        self._bounds.append((first, first + length - 1))
        self._scenes.append(scene)
        self._annotations += [
            replace(a, first=first + a.first, last=first + a.last) for a in annotations
        ]

    def close(self) -> None:
        """Write what describes the split; without it there is none."""
        write_annotations(self.folder, self._annotations)
        if self._scenes and None not in self._scenes:
            write_scenes(self.folder, self._ranges())
        np.save(self.folder / BOUNDS, np.array(self._bounds, np.int64).reshape(-1, 2))

    def _ranges(self) -> dict[str, tuple[int, int]]:
        ranges: dict[str, tuple[int, int]] = {}
        for scene, (first, last) in zip(self._scenes, self._bounds, strict=True):
            ranges[str(scene)] = (ranges.get(str(scene), (first, last))[0], last)
        return ranges
