"""Episodes as training reads them: decoded and resized once, then mapped from a file.

A training looks at every frame many times, and several trainings (a study) look at the same ones.
The files lie in the data set's folder under a name that says everything they depend on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import from_numpy

from vla_gym.arrays import read_npy
from vla_gym.contract.spec import PolicySpec
from vla_gym.datasets.demonstration import Dataset
from vla_gym.errors import DatasetError
from vla_gym.files import locked
from vla_gym.suites.spec import digest
from vla_gym.training.labels import Preparation
from vla_gym.training.trainable import Samples
from vla_gym.training.windows import count_before, place_windows

FOLDER = "cache"
_VERSION = 2
_INDEX = "index.json"

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Store:
    """All F frames of the chosen episodes of a data set.

    Attributes:
        images: By role, uint8 ``(F, H, W, 3)``, mapped from files.
        proprioception: ``(F, n)``.
        actions: ``(F, a)``: what is learned, in the policy's units.
        disturbed: int64 ``(F + 1,)``: how many frames before each were disturbed.
        ends: int64 ``(E,)``: one past the last frame of every episode.
        instructions: One per episode.
        tasks: One per episode.
        inexact: Frames whose label does not lead back to what was recorded.
        warnings: Codes of what does not fit exactly.
    """

    images: dict[str, npt.NDArray[np.uint8]]
    proprioception: npt.NDArray[np.float32]
    actions: npt.NDArray[np.float32]
    disturbed: Numbers
    ends: Numbers
    instructions: Sequence[str]
    tasks: Sequence[str]
    inexact: int = 0
    warnings: tuple[str, ...] = ()

    def frames(self, episodes: Sequence[int]) -> Numbers:
        """Return the numbers of all frames of some episodes."""
        begins = np.concatenate([[0], self.ends[:-1]])
        return np.concatenate([np.arange(begins[e], self.ends[e]) for e in episodes])

    def windows(self, starts: Numbers, *, history: int, chunk: int) -> Samples:
        """Return the windows that begin at some frames."""
        episodes = np.searchsorted(self.ends, starts, side="right")
        place = place_windows(starts, self.ends[episodes] - 1, history=history, chunk=chunk)
        seen = place.seen
        return Samples(
            images={role: from_numpy(pictures[seen]) for role, pictures in self.images.items()},
            proprioception=from_numpy(self.proprioception[seen]),
            instructions=[self.instructions[e] for e in episodes],
            actions=from_numpy(self.actions[place.done]),
            mask=from_numpy(place.mask(self.disturbed)),
        )


def open_store(
    dataset: Dataset,
    policy: PolicySpec,
    *,
    path: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> Store:
    """Return the store of a data set for a policy; made now if it is not there.

    Frames that the policy cannot say exactly are learned as nearly as it can, and counted.

    Args:
        dataset: The episodes.
        policy: In whose terms.
        path: Folder of the data set.
        progress: Told how making it goes on.

    Raises:
        DatasetError: Damaged files, an empty data set, a full disk.
        IncompatibleError: When the policy cannot learn from it.
    """
    if not len(dataset.lengths):
        raise DatasetError(f"{path} has no episodes, so there is nothing to learn from.")
    prepare = Preparation(policy, dataset.spec, name=str(path))
    folder = path / FOLDER / _key(dataset, policy)
    if not (folder / _INDEX).is_file():
        _make(dataset, prepare, policy, folder, progress)
    return replace(_read(folder, policy), warnings=prepare.warnings)


def _key(dataset: Dataset, policy: PolicySpec) -> str:
    seen = policy.model_dump(mode="json", include={"cameras", "proprioception", "action"})
    spec = dataset.spec.model_dump(mode="json")
    stored = {"lengths": dataset.lengths, "spec": spec, "chosen": getattr(dataset, "chosen", None)}
    return digest({"version": _VERSION, **stored, "seen": seen})


def _make(
    dataset: Dataset,
    prepare: Preparation,
    policy: PolicySpec,
    folder: Path,
    progress: Callable[[str], None],
) -> None:
    """Decode everything, unless another process (of this training, or another one) just has."""
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        with locked(folder.with_name(f".{folder.name}.lock")):
            if (folder / _INDEX).is_file():
                return
            shutil.rmtree(partial, ignore_errors=True)
            try:
                partial.mkdir()
                _fill(dataset, prepare, policy, partial, progress)
                partial.rename(folder)
            finally:  # still locked: afterwards it may be another process's
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise DatasetError(f"Frames cannot be kept in {folder}: {error}") from error


def _fill(
    dataset: Dataset,
    prepare: Preparation,
    policy: PolicySpec,
    folder: Path,
    progress: Callable[[str], None],
) -> None:
    count = sum(dataset.lengths)
    images = {
        role: np.lib.format.open_memmap(
            folder / f"{role}.npy", "w+", np.uint8, (count, camera.height, camera.width, 3)
        )
        for role, camera in policy.cameras.items()
    }
    numbers: dict[str, list[npt.NDArray[Any]]] = {"proprioception": [], "actions": []}
    disturbed, words, tasks, start, inexact = [], [], [], 0, 0
    for index, length in enumerate(dataset.lengths):
        episode = dataset.episode(index, images=bool(images))
        ready = prepare(episode, number=index)
        for role, pictures in ready.images.items():
            images[role][start : start + length] = pictures
        numbers["proprioception"].append(ready.proprioception)
        numbers["actions"].append(ready.actions)
        disturbed.append(ready.disturbed)
        words.append(episode.instruction)
        tasks.append(episode.task)
        inexact += ready.inexact
        start += length
        progress(f"decoding episode {index + 1} of {len(dataset.lengths)}")
    for pictures in images.values():
        pictures.flush()
    for name, rows in numbers.items():
        np.save(folder / f"{name}.npy", np.concatenate(rows).astype(np.float32))
    np.save(folder / "disturbed.npy", count_before(np.concatenate(disturbed)))
    lists = {"lengths": list(dataset.lengths), "instructions": words, "tasks": tasks}
    (folder / _INDEX).write_text(json.dumps({**lists, "inexact": inexact}), encoding="utf-8")


def _read(folder: Path, policy: PolicySpec) -> Store:
    try:
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        return Store(
            images={role: read_npy(folder / f"{role}.npy", mapped=True) for role in policy.cameras},
            proprioception=read_npy(folder / "proprioception.npy"),
            actions=read_npy(folder / "actions.npy"),
            disturbed=read_npy(folder / "disturbed.npy").astype(np.int64),
            ends=np.cumsum(np.asarray(index["lengths"], np.int64)),
            instructions=index["instructions"],
            tasks=index["tasks"],
            inexact=index["inexact"],
        )
    except (DatasetError, OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"Kept frames in {folder} cannot be read ({error}). Remove the folder; it is made anew."
        ) from error
