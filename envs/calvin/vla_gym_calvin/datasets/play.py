"""CALVIN's data on disk: a numbered file a frame, and annotations beside them.

Layout (calvin's ``dataset/README.md``): ``training`` and ``validation`` hold
``episode_0000000.npz`` with ``rel_actions``, ``robot_obs``, ``scene_obs``, ``rgb_static``,
``rgb_gripper`` and more, ``ep_start_end_ids.npy`` with the first and last frame of every recording,
and ``lang_annotations/auto_lang_ann.npy``. Every annotation is an episode here.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vla_gym.datasets.demonstration import DatasetSpec, Demonstration, check_demonstration
from vla_gym.errors import DatasetError
from vla_gym_calvin.datasets.annotations import (
    FILE,
    Annotation,
    read_annotations,
    write_annotations,
)
from vla_gym_calvin.spec import env_contract

Frames = Mapping[str, npt.NDArray[Any]]

SPLITS: Final = ("training", "validation")
BOUNDS: Final = "ep_start_end_ids.npy"
PICTURES: Final = {"static": "rgb_static", "wrist": "rgb_gripper"}
NUMBERS: Final = ("rel_actions", "robot_obs", "scene_obs")


class PlayDataset:
    """The annotated stretches of a split.

    Args:
        folder: ``.../training`` or ``.../validation``.

    Raises:
        DatasetError: When there are no annotations, or one lies outside of the recordings.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.annotations = read_annotations(folder)
        self._check_bounds()
        self.spec = DatasetSpec.of(env_contract())

    @property
    def lengths(self) -> list[int]:
        """Frames of every annotated stretch."""
        return [a.last - a.first + 1 for a in self.annotations]

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        """Return an annotated stretch; without its pictures where only numbers are wanted.

        Raises:
            DatasetError: When a frame is absent or damaged.
        """
        annotation = self.annotations[index]
        wanted = ["rel_actions", "robot_obs", *(PICTURES.values() if images else ())]
        frames = self.frames(annotation.first, annotation.last, wanted)
        demonstration = Demonstration(
            images={role: frames[name] for role, name in PICTURES.items() if images},
            proprioception=frames["robot_obs"].astype(np.float32),
            actions=frames["rel_actions"].astype(np.float32),
            instruction=annotation.sentence,
            task=annotation.task,
            source={"dataset": str(self.folder), "first": annotation.first},
        )
        where = f"{self.folder}, annotation {index}"
        check_demonstration(demonstration, self.spec, where=where)
        return demonstration

    def frames(self, first: int, last: int, names: Sequence[str]) -> Frames:
        """Return what is stored of frames ``first`` to ``last``, ``(T, ...)`` by name.

        Raises:
            DatasetError: When a frame is absent or damaged.
        """
        rows = [self._frame(number, names) for number in range(first, last + 1)]
        return {name: np.stack([row[name] for row in rows]) for name in names}

    def _frame(self, number: int, names: Sequence[str]) -> Frames:
        path = self.folder / _name(number)
        try:
            with np.load(path) as stored:
                return {name: stored[name] for name in names}
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DatasetError(f"{path} cannot be read: {error}") from error

    def _check_bounds(self) -> None:
        try:
            bounds = np.load(self.folder / BOUNDS).reshape(-1, 2)
        except (OSError, EOFError, ValueError) as error:
            raise DatasetError(f"{self.folder / BOUNDS} cannot be read: {error}") from error
        for number, a in enumerate(self.annotations):
            inside = (bounds[:, 0] <= a.first) & (a.last <= bounds[:, 1])
            if a.first > a.last or not inside.any():
                raise DatasetError(
                    f"{self.folder / FILE}: annotation {number} ({a.task}) covers frames "
                    f"{a.first} to {a.last}, which is in no recording of {BOUNDS}."
                )


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
        self._annotations: list[Annotation] = []
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, frames: Frames, annotations: Sequence[Annotation]) -> None:
        """Write one recording.

        Args:
            frames: ``(T, ...)`` by name, ``NUMBERS`` and the pictures at least.
            annotations: With frames counted from the beginning of the recording.

        Raises:
            DatasetError: When something is missing or of another length.
        """
        missing = {*NUMBERS, *PICTURES.values()} - set(frames)
        lengths = {len(values) for values in frames.values()}
        if missing or len(lengths) != 1:
            raise DatasetError(f"a recording lacks {sorted(missing)}, or differs in its lengths")
        first = self._bounds[-1][1] + 1 if self._bounds else 0
        for step in range(length := lengths.pop()):
            row = {name: values[step] for name, values in frames.items()}
            np.savez_compressed(self.folder / _name(first + step), **row)
        self._bounds.append((first, first + length - 1))
        self._annotations += [
            Annotation(first + a.first, first + a.last, a.task, a.sentence) for a in annotations
        ]

    def close(self) -> None:
        """Write what describes the split; without it there is none."""
        write_annotations(self.folder, self._annotations)
        np.save(self.folder / BOUNDS, np.array(self._bounds, np.int64).reshape(-1, 2))


def _name(number: int) -> str:
    return f"episode_{number:07d}.npz"
