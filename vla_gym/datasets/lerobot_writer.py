"""Writing LeRobot v3 folders: an episode at a time, joined into few large files.

An episode counts as soon as it is whole (``lerobot_recording``); ``close``, and every file that is
full, joins what was recorded. What was joined is never touched again: going on adds files. The time
for an episode does not depend on how many there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.datasets.demonstration import DatasetSpec, Demonstration, check_demonstration
from vla_gym.datasets.lerobot import EXECUTED, EXTRA
from vla_gym.datasets.lerobot_columns import ACTION, CAMERA, STATE
from vla_gym.datasets.lerobot_description import Description, began_otherwise
from vla_gym.datasets.lerobot_files import arrow, read_table
from vla_gym.datasets.lerobot_joining import Size, batches, join, size_of
from vla_gym.datasets.lerobot_meta import row_files
from vla_gym.datasets.lerobot_recording import NewEpisode, Recorded, recorded, tidy
from vla_gym.datasets.lerobot_statistics import as_lists, of_numbers, of_pictures
from vla_gym.datasets.pictures import write_pictures
from vla_gym.errors import DatasetError, VlaGymError

_MOST_FRAMES = 10**9


class LeRobotWriter:
    """Writes a folder, or goes on with one that was begun.

    Args:
        root: The folder.
        spec: What the episodes mean; must be that of the folder where there is one.
        robot: Name of the robot, for ``info.json``.

    Raises:
        DatasetError: When the folder holds something else.
    """

    def __init__(self, root: Path, spec: DatasetSpec, *, robot: str = "") -> None:
        self.root, self.spec = root, spec
        self._cameras = [CAMERA + role for role in spec.cameras]
        self._description = Description(spec, robot)
        self._sources: list[dict[str, Any]] = []
        self._tasks: dict[str, int] = {}
        self._frames = 0
        self._files = 0
        self._waiting: list[Recorded] = []
        self._size = Size()
        began_otherwise(root, spec)
        self._go_on()
        self._describe()

    def __len__(self) -> int:
        """Return the number of episodes that are there."""
        return len(self._sources)

    @property
    def sources(self) -> list[dict[str, Any]]:
        """Where every episode comes from, so that collecting knows what it has."""
        return list(self._sources)

    def add(self, demonstration: Demonstration) -> int:
        """Write an episode and return its number.

        Raises:
            DatasetError: When it is not what the spec says, or cannot be written.
        """
        number = len(self)
        check_demonstration(demonstration, self.spec, where=f"episode {number}")
        missing = set(self.spec.cameras) - set(demonstration.images)
        if missing:
            raise DatasetError(f"episode {number} has no pictures of {sorted(missing)}.")
        task = self._tasks.get(demonstration.instruction, len(self._tasks))
        columns = self._columns(demonstration, number, task)
        new = NewEpisode(self.root, number)
        with new as folder:
            for role, pictures in demonstration.images.items():
                write_pictures(folder.video(CAMERA + role), pictures, fps=self.spec.fps)
            row = self._row(demonstration, number, columns)
            self._wait(new.keep(_table(columns), row))
        return number

    def close(self) -> None:
        """Join what was recorded, and describe the whole folder."""
        self._join()

    def _go_on(self) -> None:
        """Take over what the folder holds."""
        for file in row_files(self.root):
            for row in read_table(file).to_pylist():
                with _ours(file):
                    self._count(row)
                    self._description.add_row(row)
            self._files += 1
        tidy(self.root, len(self))
        for episode in recorded(self.root, len(self)):
            with _ours(episode.folder):
                self._wait(episode)

    def _wait(self, episode: Recorded) -> None:
        size = size_of(episode, self._cameras, self.spec.fps)
        if self._waiting and (self._size + size).full:
            self._join()
        self._count(episode.row)
        self._waiting.append(episode)
        self._size += size

    def _count(self, row: Any) -> None:
        if not 0 < row["length"] < _MOST_FRAMES:
            raise ValueError(f"its length is {row['length']}")
        self._sources.append(json.loads(row[f"{EXTRA}source"]))
        self._frames += row["length"]
        self._tasks.setdefault(row["tasks"][0], len(self._tasks))

    def _join(self) -> None:
        for batch in batches(self._waiting, self._cameras, self.spec.fps):
            with _ours(batch[0].folder):
                join(self.root, self._files, batch, self._cameras, self.spec.fps)
                for episode in batch:
                    self._description.add(episode.row, episode.row["stats"])
            self._files += 1
        self._waiting, self._size = [], Size()
        self._describe()
        tidy(self.root, len(self))

    def _describe(self) -> None:
        self._description.write(self.root)

    def _columns(
        self, demonstration: Demonstration, number: int, task: int
    ) -> dict[str, npt.NDArray[Any]]:
        """Return what is stored of every frame, ``(T,)`` or ``(T, n)``."""
        length = len(demonstration)
        frame = np.arange(length)
        columns: dict[str, npt.NDArray[Any]] = {
            STATE: demonstration.proprioception,
            ACTION: demonstration.targets,
            EXECUTED: demonstration.actions,
            "timestamp": (frame / self.spec.fps).astype(np.float32),
            "frame_index": frame,
            "episode_index": np.full(length, number),
            "index": self._frames + frame,
            "task_index": np.full(length, task),
        }
        return {name: values for name, values in columns.items() if values.size}

    def _row(
        self, demonstration: Demonstration, number: int, columns: dict[str, npt.NDArray[Any]]
    ) -> dict[str, Any]:
        length = len(demonstration)
        stats = {name: of_numbers(rows.reshape(length, -1)) for name, rows in columns.items()}
        for role, pictures in demonstration.images.items():
            stats[CAMERA + role] = of_pictures(pictures)
        return {
            "episode_index": number,
            "tasks": [demonstration.instruction],
            "length": length,
            "dataset_from_index": self._frames,
            "dataset_to_index": self._frames + length,
            f"{EXTRA}task": demonstration.task,
            f"{EXTRA}success": demonstration.success,
            f"{EXTRA}source": json.dumps(dict(demonstration.source)),
            "stats": {name: as_lists(summary) for name, summary in stats.items()},
        }


@contextmanager
def _ours(place: Path) -> Iterator[None]:
    """Refuse to go on from what was changed since it was written."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError, OSError) as error:
        if isinstance(error, VlaGymError):
            raise
        raise DatasetError(
            f"{place} is not as it was written ({type(error).__name__}: {error}). Restore it, or "
            "give another folder."
        ) from error


def _table(columns: dict[str, npt.NDArray[Any]]) -> Any:
    """Return columns as an Arrow table; of LeRobot's shape (1,) are numbers, not lists."""
    arrow_ = arrow()

    def column(values: npt.NDArray[Any]) -> Any:
        if values.ndim == 1 or values.shape[1] == 1:
            return arrow_.array(values.ravel())
        return arrow_.array(list(values.astype(np.float32)), arrow_.list_(arrow_.float32()))

    return arrow_.table({name: column(values) for name, values in columns.items()})
