"""Joining recorded episodes into LeRobot's files: one of numbers, one video a camera, one of rows.

The rows are written last, because with them the episodes count as joined; a join that was broken
off is done again under the same names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vla_gym.datasets.lerobot_files import arrow, parquet, read_table
from vla_gym.datasets.lerobot_meta import EPISODES, STATISTICS, place_of_rows
from vla_gym.datasets.lerobot_recording import Recorded
from vla_gym.errors import DatasetError, VlaGymError
from vla_gym.files import replacing
from vla_gym.video_file import encoder_of, join_videos

DATA: Final = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO: Final = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
FILES: Final = 1000
"""Of a chunk, as LeRobot's default (``DEFAULT_CHUNK_SIZE``)."""
DATA_MEGABYTES: Final = 100
"""Of a file of numbers, as LeRobot's default (``DEFAULT_DATA_FILE_SIZE_IN_MB``)."""
VIDEO_MEGABYTES: Final = 200
"""Of a video, as LeRobot's default (``DEFAULT_VIDEO_FILE_SIZE_IN_MB``)."""
_LONGEST = 900.0
"""Seconds of a video. LeRobot looks for a frame by its time as float32, within 1e-4 s; from second
1024 on two neighbouring float32 numbers lie further apart."""
_MEGABYTE = 1024**2


@dataclass(frozen=True)
class Size:
    """What episodes take.

    Attributes:
        data: Bytes of numbers.
        video: Bytes of the largest camera's video.
        seconds: How long they are.
    """

    data: int = 0
    video: int = 0
    seconds: float = 0.0

    def __add__(self, other: Size) -> Size:
        return Size(self.data + other.data, self.video + other.video, self.seconds + other.seconds)

    @property
    def full(self) -> bool:
        """Whether this is too much for one file."""
        return (
            self.data > DATA_MEGABYTES * _MEGABYTE
            or self.video > VIDEO_MEGABYTES * _MEGABYTE
            or self.seconds > _LONGEST
        )


def size_of(episode: Recorded, cameras: Sequence[str], fps: float) -> Size:
    """Return what an episode takes."""
    videos = [episode.video(column).stat().st_size for column in cameras]
    return Size(episode.data.stat().st_size, max(videos, default=0), episode.row["length"] / fps)


def batches(
    episodes: Sequence[Recorded], cameras: Sequence[str], fps: float
) -> Iterator[list[Recorded]]:
    """Yield episodes that make up a file: not too many, and all encoded alike."""
    batch: list[Recorded] = []
    size, before = Size(), None
    for episode in episodes:
        more = size + size_of(episode, cameras, fps)
        encoders = [encoder_of(episode.video(column)) for column in cameras]
        if batch and (more.full or encoders != before):
            yield batch
            batch, more = [], size_of(episode, cameras, fps)
        batch.append(episode)
        size, before = more, encoders
    if batch:
        yield batch


def join(
    root: Path, number: int, episodes: Sequence[Recorded], cameras: Sequence[str], fps: float
) -> None:
    """Write the files of a number.

    Args:
        root: The folder of the data set.
        number: How many files there are already.
        episodes: What they hold.
        cameras: Columns with videos.
        fps: Frames per second.

    Raises:
        DatasetError: When one cannot be read or written.
    """
    place = {"chunk_index": number // FILES, "file_index": number % FILES}
    for column in cameras:
        parts = [episode.video(column) for episode in episodes]
        try:
            join_videos(root / VIDEO.format(video_key=column, **place), parts, fps=fps)
        except VlaGymError as error:
            raise DatasetError(str(error)) from error
    write_rows(root / DATA.format(**place), [read_table(episode.data) for episode in episodes])
    rows = list(_placed(episodes, place, cameras, fps))
    schema = row_schema(rows[0], cameras)
    write_rows(root / place_of_rows(**place), [arrow().Table.from_pylist(rows, schema=schema)])


def write_rows(file: Path, tables: Sequence[Any]) -> None:
    """Write tables one after the other into a file, which is there whole or not at all.

    Raises:
        DatasetError: When it cannot be written.
    """
    try:
        with replacing(file) as partial:
            parquet().write_table(arrow().concat_tables(tables), partial)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} cannot be written: {error}") from error


def row_schema(row: Mapping[str, Any], cameras: Sequence[str]) -> Any:
    """Return the types of the columns of ``meta/episodes``, also where a file has no value."""
    arrow_ = arrow()
    types = {int: arrow_.int64(), float: arrow_.float64(), str: arrow_.string()}

    def type_of(name: str, value: Any) -> Any:
        if name.startswith(STATISTICS):
            number = arrow_.int64() if name.endswith("/count") else arrow_.float64()
            levels = 3 if name.split("/")[1] in cameras and not name.endswith("/count") else 1
            for _ in range(levels):
                number = arrow_.list_(number)
            return number
        if name == "tasks":
            return arrow_.list_(arrow_.string())
        return types.get(type(value), arrow_.bool_())  # success, where it is known

    return arrow_.schema([(name, type_of(name, value)) for name, value in row.items()])


def _placed(
    episodes: Sequence[Recorded], place: Mapping[str, int], cameras: Sequence[str], fps: float
) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``meta/episodes``."""
    frames = 0
    for episode in episodes:
        row = {name: value for name, value in episode.row.items() if name != "stats"}
        groups = ["data/", f"{EPISODES}/", *(f"videos/{column}/" for column in cameras)]
        row |= {f"{group}{name}": value for group in groups for name, value in place.items()}
        end = frames + row["length"]
        for column in cameras:
            row[f"videos/{column}/from_timestamp"] = frames / fps
            row[f"videos/{column}/to_timestamp"] = end / fps
        for feature, summary in episode.row["stats"].items():
            row |= {f"{STATISTICS}{feature}/{name}": value for name, value in summary.items()}
        frames = end
        yield row
