"""The frames of an episode in LeRobot's parquet files: numbers, tasks and pictures.

Rows may lie in any order, since every one says which frame it is; a frame that is absent, a second
one of the same number or a gap in time is an error, for actions would belong to other pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vla_gym.contract.spec import CameraSpec
from vla_gym.datasets.demonstration import Floats, Pictures
from vla_gym.datasets.lerobot_files import arrow, columns_of, read_table
from vla_gym.datasets.lerobot_meta import Episode
from vla_gym.datasets.lerobot_pictures import stored_picture
from vla_gym.errors import DatasetError

BOOKKEEPING: Final = ("frame_index", "timestamp", "index", "task_index")
"""Columns that every file has, beside ``episode_index``."""
_JITTER = 0.1
"""Of a frame's duration: how far a timestamp may lie from where it should."""


@dataclass(frozen=True)
class Frames:
    """The rows of an episode, in order.

    Attributes:
        table: An Arrow table, a row for each frame.
        where: File and episode, for messages.
        start: Time of the first frame, in seconds from the episode's place in a video.
    """

    table: Any
    where: str
    start: float

    @property
    def tasks(self) -> npt.NDArray[np.int64]:
        """``task_index`` of every frame."""
        return _whole(self.table, "task_index", self.where)

    def part(self, first: int, last: int) -> Frames:
        """Return the frames from ``first`` to before ``last``."""
        return replace(self, table=self.table.slice(first, last - first))

    def numbers(self, columns: Sequence[str]) -> Floats:
        """Return columns beside each other, ``(T, n)``.

        Raises:
            DatasetError: When one holds something else than rows of numbers of one length.
        """
        parts = [np.zeros((len(self.table), 0), np.float32)]
        parts += [_rows(self.table.column(name), f"{self.where}: {name}") for name in columns]
        return np.concatenate(parts, axis=1)

    def pictures(self, column: str, camera: CameraSpec, root: Path) -> Pictures:
        """Return the pictures of a column.

        Args:
            column: Its name.
            camera: What size they are.
            root: The folder that paths of pictures begin at.

        Raises:
            DatasetError: When one is damaged or of another size.
        """
        where = f"{self.where}: {column}"
        cells = self.table.column(column).to_pylist()
        return np.stack(
            [
                stored_picture(cell, camera, root, where=f"{where} of frame {n}")
                for n, cell in enumerate(cells)
            ]
        )


@dataclass(frozen=True)
class _Kept:
    """A file of numbers in memory, and which rows are of which episode."""

    file: Path
    columns: tuple[str, ...]
    table: Any
    rows: Mapping[int, npt.NDArray[np.int64]]


class FrameReader:
    """Reads episodes from parquet files; the numbers of the last file are kept for the next one.

    Args:
        fps: Frames per second.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._kept: _Kept | None = None

    def read(
        self,
        episode: Episode,
        columns: Sequence[str],
        *,
        pictures: Sequence[str] = (),
        optional: Sequence[str] = (),
    ) -> Frames:
        """Return the rows of an episode, in order, with these columns and those of ``BOOKKEEPING``.

        Args:
            episode: Which one.
            columns: What is wanted beside them.
            pictures: Columns with pictures.
            optional: Columns of numbers that not every file has.

        Raises:
            DatasetError: When the file is damaged, or frames are absent, doubled or not in time.
        """
        wanted = tuple(dict.fromkeys([*columns, *pictures, *BOOKKEEPING, "episode_index"]))
        if pictures:  # too much to keep
            more = _there(episode.data, optional)
            table = read_table(episode.data, [*wanted, *more], episode=episode.number)
        else:
            table = self._numbers(episode, wanted, optional)
        where = f"{episode.data}, episode {episode.number}"
        if len(table) != episode.length:
            raise DatasetError(
                f"{episode.data} holds {len(table)} of {episode.length} frames of episode "
                f"{episode.number}."
            )
        table = table.take(np.argsort(_whole(table, "frame_index", where), kind="stable"))
        _check_order(table, episode, where)
        return Frames(table, where, _start(table, self._fps, where))

    def _numbers(self, episode: Episode, wanted: tuple[str, ...], optional: Sequence[str]) -> Any:
        kept = self._kept
        if kept is None or (kept.file, kept.columns) != (episode.data, wanted):
            self._kept = None  # before another one takes memory
            table = read_table(episode.data, [*wanted, *_there(episode.data, optional)])
            numbers = _whole(table, "episode_index", str(episode.data))
            kept = self._kept = _Kept(episode.data, wanted, table, _by_number(numbers))
        return kept.table.take(kept.rows.get(episode.number, np.zeros(0, np.int64)))


def _there(file: Path, names: Sequence[str]) -> list[str]:
    there = columns_of(file)
    return [name for name in names if name in there]


def _by_number(numbers: npt.NDArray[np.int64]) -> dict[int, npt.NDArray[np.int64]]:
    """Return the rows of every number."""
    order = np.argsort(numbers, kind="stable")
    found, starts = np.unique(numbers[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, starts[1:]), strict=True)) if len(order) else {}


def _check_order(table: Any, episode: Episode, where: str) -> None:
    frame = _whole(table, "frame_index", where)
    wrong = np.flatnonzero(frame != np.arange(len(frame)))
    if len(wrong):
        raise DatasetError(
            f"{where}: frame_index {frame[wrong[0]]} stands where {wrong[0]} was expected "
            f"(0 to {len(frame) - 1}, each once): frames were lost or doubled."
        )
    index = _whole(table, "index", where)
    first = index[0] if episode.first is None else episode.first
    wrong = np.flatnonzero(index != first + frame)
    if len(wrong):
        raise DatasetError(
            f"{where}: index of frame {wrong[0]} is {index[wrong[0]]}, expected "
            f"{first + wrong[0]}: it must count with frame_index."
        )


def _start(table: Any, fps: float, where: str) -> float:
    times = _rows(table.column("timestamp"), f"{where}: timestamp").astype(np.float64).ravel()
    expected = times[0] + np.arange(len(times)) / fps
    with np.errstate(invalid="ignore"):  # infinite ones
        wrong = np.flatnonzero(~(np.abs(times - expected) <= _JITTER / fps))
    if len(times) != len(table) or len(wrong):
        frame = wrong[0] if len(wrong) else 0
        raise DatasetError(
            f"{where}: timestamp of frame {frame} is {times[frame]:g} s, expected "
            f"{expected[frame]:g} s: there is a gap, or fps ({fps:g}) is not that of the data."
        )
    return float(times[0])


def _whole(table: Any, name: str, where: str) -> npt.NDArray[np.int64]:
    """Return a column of whole numbers."""
    column = table.column(name)
    if not arrow().types.is_integer(column.type) or column.null_count:
        raise DatasetError(
            f"{where}: {name} is {column.type} with {column.null_count} gaps, expected whole "
            "numbers."
        )
    with _converting(where, name):
        out: npt.NDArray[np.int64] = column.to_numpy().astype(np.int64)
    return out


def _rows(column: Any, where: str) -> Floats:
    """Return a column of numbers, or of lists of them, as ``(T, n)``."""
    types = arrow().types
    array = column.combine_chunks()
    if isinstance(array, arrow().ExtensionArray):
        array = array.storage
    size, gaps = 1, array.null_count
    if (
        types.is_list(array.type)
        or types.is_large_list(array.type)
        or (types.is_fixed_size_list(array.type))
    ):
        sizes = _sizes(array)
        if gaps or len(sizes) != 1:
            raise DatasetError(
                f"{where} has lists of {', '.join(map(str, sizes)) or 'no'} numbers and {gaps} "
                "gaps, expected one length."
            )
        size, array = sizes[0], array.flatten()
        gaps = array.null_count
    if not (types.is_integer(array.type) or types.is_floating(array.type)) or gaps:
        raise DatasetError(f"{where} is {column.type} with {gaps} gaps, expected numbers.")
    with _converting(where, ""), np.errstate(over="ignore"):
        values: Floats = array.to_numpy(zero_copy_only=False).astype(np.float32)
        return values.reshape(len(column), size)


def _sizes(array: Any) -> list[int]:
    """Return the lengths of lists, each once."""
    if arrow().types.is_fixed_size_list(array.type):
        return [array.type.list_size]
    ends = array.offsets.to_numpy()
    return sorted({int(size) for size in np.unique(np.diff(ends))})


class _converting:  # noqa: N801 - reads as a word in a with statement
    """Names the column where Arrow or numpy cannot convert it."""

    def __init__(self, where: str, name: str) -> None:
        self._where = f"{where}: {name}" if name else where

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: object) -> None:
        if kind and issubclass(kind, (ValueError, TypeError, arrow().ArrowException)):
            raise DatasetError(f"{self._where} cannot be read: {error}") from error


def stretches(tasks: npt.NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Yield first and past-the-last frame of what is of one task, and the task."""
    ends = [*(np.flatnonzero(np.diff(tasks)) + 1).tolist(), len(tasks)]
    first = 0
    for last in ends:
        yield first, last, int(tasks[first])
        first = last
