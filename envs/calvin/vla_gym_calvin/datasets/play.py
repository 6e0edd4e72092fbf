"""CALVIN's data on disk, read: a numbered file a frame, and annotations beside them.

Layout (calvin's ``dataset/README.md``): ``training`` and ``validation`` hold
``episode_0000000.npz`` with ``rel_actions``, ``robot_obs``, ``scene_obs``, ``rgb_static``,
``rgb_gripper`` and more, ``ep_start_end_ids.npy`` with the first and last frame of every recording
(both included), ``scene_info.npy`` and ``lang_annotations/auto_lang_ann.npy``. Every annotation is
an episode here.
"""

from __future__ import annotations

import bisect
import re
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vla_gym.arrays import read_npy, read_npz
from vla_gym.datasets.demonstration import DatasetSpec, Demonstration, check_demonstration
from vla_gym.errors import DatasetError, OptionError
from vla_gym_calvin.datasets.annotations import (
    FOLDER,
    Annotation,
    annotations_file,
    read_annotations,
)
from vla_gym_calvin.datasets.scenes import read_scenes
from vla_gym_calvin.spec import env_contract

Frames = Mapping[str, npt.NDArray[Any]]

SPLITS: Final = ("training", "validation")
BOUNDS: Final = "ep_start_end_ids.npy"
PICTURES: Final = {"static": "rgb_static", "wrist": "rgb_gripper"}
NUMBERS: Final = ("rel_actions", "robot_obs", "scene_obs")
REASONS: Final = {"bad": "lie in no recording", "empty": "have no words"}
"""Why an annotation cannot be used; each can be asked to be left out."""
_FRAME: Final = re.compile(r"episode_(\d{7})\.npz")


class PlayDataset:
    """The annotated stretches of a split.

    Args:
        folder: ``.../training`` or ``.../validation``.
        annotations: Name of the folder with annotations in it.
        leave_out: Which annotations are passed over instead of being an error, of ``REASONS``.

    Raises:
        DatasetError: When there are no annotations, or some cannot be used.
        OptionError: Options that are not allowed.
    """

    def __init__(
        self, folder: Path, *, annotations: str = FOLDER, leave_out: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.file = annotations_file(folder, annotations)
        self.scenes = read_scenes(folder)
        self.annotations = self._usable(read_annotations(self.file), frozenset(leave_out))
        self.chosen = {
            "split": folder.name,
            "annotations": annotations,
            "used": [(a.row, a.first, a.last, a.sentence) for a in self.annotations],
        }
        self.spec = DatasetSpec.of(env_contract(**self._cameras()))

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
        cameras = {role: PICTURES[role] for role in self.spec.cameras if images}
        frames = self.frames(
            annotation.first, annotation.last, ["rel_actions", "robot_obs", *cameras.values()]
        )
        demonstration = Demonstration(
            images={role: frames[name] for role, name in cameras.items()},
            proprioception=_float32(frames["robot_obs"]),
            actions=_float32(frames["rel_actions"]),
            instruction=annotation.sentence,
            task=annotation.task,
            source={"dataset": str(self.folder), "first": annotation.first},
        )
        where = f"{self.file}, annotation {annotation.row}"
        check_demonstration(demonstration, self.spec, where=where)
        return demonstration

    def frames(self, first: int, last: int, names: Sequence[str]) -> Frames:
        """Return what is stored of frames ``first`` to ``last``, ``(T, ...)`` by name.

        Raises:
            DatasetError: When a frame is absent, damaged or unlike the others.
        """
        rows = [self._frame(number, names) for number in range(first, last + 1)]
        for name in names:
            shapes = [row[name].shape for row in rows]
            if odd := [number for number, shape in enumerate(shapes) if shape != shapes[0]]:
                raise DatasetError(
                    f"{self.folder / frame_file(first + odd[0])}: {name} is {shapes[odd[0]]}, in "
                    f"frame {first} it is {shapes[0]}."
                )
        return {name: np.stack([row[name] for row in rows]) for name in names}

    def _frame(self, number: int, names: Sequence[str] | None) -> Frames:
        return read_npz(self.folder / frame_file(number), names)

    def _cameras(self) -> dict[str, Any]:
        """Return which cameras there are, and in which size, as the first frame has them."""
        if not self.annotations:
            return {}
        path = self.folder / frame_file(self.annotations[0].first)
        first = read_npz(path, (), optional=PICTURES.values())
        shapes = {role: first[name].shape for role, name in PICTURES.items() if name in first}
        for role, shape in shapes.items():
            if len(shape) != 3 or not all(shape):
                raise DatasetError(f"{path}: {PICTURES[role]} is {shape}, expected (H, W, 3).")
        return {
            "cameras": tuple(shapes),
            "camera_sizes": {role: shape[:2] for role, shape in shapes.items()},
        }

    def _usable(
        self, annotations: Sequence[Annotation], leave_out: frozenset[str]
    ) -> list[Annotation]:
        """Return the annotations that can be used; the others are counted, by what is wrong."""
        if unknown := leave_out - REASONS.keys():
            raise OptionError(
                f"leave_out={', '.join(sorted(unknown))}: expected some of {', '.join(REASONS)}."
            )
        recordings = self._recordings()
        kept: list[Annotation] = []
        wrong: dict[str, list[Annotation]] = {reason: [] for reason in REASONS}
        for a in annotations:
            bad = not _inside(recordings, a)
            (wrong["bad"] if bad else kept if a.sentence.strip() else wrong["empty"]).append(a)
        lines = {
            reason: f"{len(found)} of {len(annotations)} annotations {REASONS[reason]}: "
            f"{_described(found[0])}{', ...' if len(found) > 1 else ''}"
            for reason, found in wrong.items()
            if found
        }
        if refused := [reason for reason in lines if reason not in leave_out]:
            said = "; ".join(lines[reason] for reason in refused)
            fix = f"leave_out=[{','.join([*refused, *sorted(leave_out & lines.keys())])}]"
            raise DatasetError(f"{self.file}: {said}. Mend the file, or pass over them: {fix}.")
        for line in lines.values():
            warnings.warn(f"{self.file}: {line}: left out", stacklevel=3)
        return kept

    def _recordings(self) -> list[tuple[int, int]]:
        """Return first and last frame of every recording; runs of files where nothing says it."""
        path = self.folder / BOUNDS
        if not path.exists():
            return self._runs()
        bounds = read_npy(path)
        if bounds.dtype.kind not in "iu" or bounds.size % 2:
            raise DatasetError(
                f"{path} is {bounds.dtype} {bounds.shape}, expected whole numbers (n, 2)."
            )
        rows: list[list[int]] = bounds.reshape(-1, 2).tolist()
        return sorted((first, last) for first, last in rows)

    def _runs(self) -> list[tuple[int, int]]:
        found = (_FRAME.fullmatch(file.name) for file in self.folder.iterdir())
        numbers = sorted(int(match[1]) for match in found if match)
        if not numbers:
            return []
        firsts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
        lasts = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
        return list(zip(firsts, lasts, strict=True))


def frame_file(number: int) -> str:
    """Return the name of the file of a frame."""
    return f"episode_{number:07d}.npz"


def _inside(recordings: Sequence[tuple[int, int]], a: Annotation) -> bool:
    place = bisect.bisect_right(recordings, a.first, key=lambda bounds: bounds[0]) - 1
    return place >= 0 and a.first <= a.last <= recordings[place][1]


def _described(a: Annotation) -> str:
    return f"annotation {a.row} ({a.task}) covers frames {a.first} to {a.last}"


def _float32(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what is too large is infinite, and refused
        return values.astype(np.float32)
