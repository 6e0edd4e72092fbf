"""What LeRobot's ``meta`` says: versions 2.0, 2.1 and 3.0 as one thing.

Version 2 has a file for every episode and lines of JSON that list them; version 3 has files of many
episodes and a table of where each lies. What a folder says twice (frames in all and by episode)
must agree: one that does not was edited or cut off.

Layouts: https://huggingface.co/docs/lerobot/lerobot-dataset-v3 and, for version 2,
``lerobot/datasets/v30/convert_dataset_v21_to_v30.py`` of lerobot 0.4.4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vla_gym.datasets.lerobot_files import columns_of, read_lines, read_table
from vla_gym.datasets.lerobot_info import INFO, Feature, read_info
from vla_gym.datasets.lerobot_paths import place
from vla_gym.datasets.lerobot_recording import Recorded, recorded
from vla_gym.errors import DatasetError, OptionError, suggest
from vla_gym.validation import problems

TASKS: Final = "meta/tasks.parquet"
EPISODES: Final = "meta/episodes"
EPISODE_LINES: Final = "meta/episodes.jsonl"
TASK_LINES: Final = "meta/tasks.jsonl"
STATISTICS: Final = "stats/"
"""In front of the statistics in a row of ``meta/episodes``."""
PICTURES: Final = ("video", "image")
"""What the ``dtype`` of a camera may be."""
_RANGE = re.compile(r"\s*(\d{1,12})\s*:\s*(\d{1,12})\s*")


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    episode_index: int = Field(ge=0)
    length: int = Field(gt=0)
    tasks: list[str] | None = None
    dataset_from_index: int | None = None
    dataset_to_index: int | None = None


@dataclass(frozen=True)
class Episode:
    """An episode, as ``meta`` lists it.

    Attributes:
        number: Its ``episode_index``.
        length: Frames.
        tasks: Sentences of its tasks; ``None`` where they are not listed.
        first: ``index`` of its first frame in the data set, where that is said.
        data: The parquet file with its numbers.
        row: All that is said of it.
        waiting: Where it lies as long as it is not joined with others.
    """

    number: int
    length: int
    tasks: Sequence[str] | None
    first: int | None
    data: Path
    row: Mapping[str, Any]
    waiting: Recorded | None = None


class Meta:
    """The description of a folder.

    Args:
        root: The folder.

    Raises:
        DatasetError: When it is of another version or damaged.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.info = read_info(root / INFO)

    @cached_property
    def cameras(self) -> dict[str, Feature]:
        """Columns with pictures."""
        features = self.info.features.items()
        return {name: feature for name, feature in features if feature.dtype in PICTURES}

    @cached_property
    def episodes(self) -> list[Episode]:
        """All episodes, in order.

        Raises:
            DatasetError: When the list is damaged, or does not hold what ``info.json`` says.
        """
        found = sorted((self._episode(row) for row in self._rows()), key=lambda one: one.number)
        self._check("total_episodes", self.info.total_episodes, len(found))
        self._check("total_frames", self.info.total_frames, sum(one.length for one in found))
        found += self._waiting(len(found))
        numbers = [episode.number for episode in found]
        twice = {one for one, other in pairwise(numbers) if one == other}
        if twice:
            raise DatasetError(f"{self.root}: meta lists episode {min(twice)} more than once.")
        return found

    @cached_property
    def tasks(self) -> dict[int, str]:
        """Sentences, by ``task_index``.

        Raises:
            DatasetError: When the file is damaged.
        """
        file = self.root / (TASK_LINES if self.info.old else TASKS)
        rows = read_lines(file) if self.info.old else _task_rows(file)
        out: dict[int, str] = {}
        for row in rows:
            number, text = row.get("task_index"), row.get("task")
            if type(number) is not int or not isinstance(text, str) or number in out:
                raise DatasetError(
                    f"{file}: a row is {row!r}, expected a task_index of its own and a task."
                )
            out[number] = text
        waiting = [text for one in self.episodes if one.waiting for text in one.tasks or ()]
        new = dict.fromkeys(text for text in waiting if text not in out.values())
        return out | dict(enumerate(new, len(out)))

    def of_split(self, name: str | None) -> list[Episode]:
        """Return the episodes of a split; of ``"train"`` where none is named.

        Raises:
            OptionError: There is no such split.
            DatasetError: When it is not a range of episodes that are there.
        """
        splits = self.info.splits
        left_out = set(self.info.discarded_episode_indices)
        episodes = [one for one in self.episodes if one.number not in left_out]
        if name == "all" or (name is None and not splits):
            return episodes
        chosen = name or "train"
        if chosen not in splits:
            raise OptionError(
                f"{self.root} has no split {chosen!r}. {suggest(chosen, [*splits, 'all'])} "
                "Choose with the option 'split'."
            )
        found = _RANGE.fullmatch(splits[chosen])
        first, last = map(int, found.groups()) if found else (1, 0)
        if not first <= last <= max([0, *(one.number + 1 for one in self.episodes)]):
            raise DatasetError(
                f"{self.root / INFO}: splits.{chosen} is {splits[chosen]!r}, expected a range of "
                f"its {len(self.episodes)} episodes such as '0:{len(self.episodes)}'."
            )
        return [one for one in episodes if first <= one.number < last or one.waiting]

    def video(self, episode: Episode, column: str) -> tuple[Path, float]:
        """Return the video of a camera, and the second in it at which an episode begins.

        Raises:
            DatasetError: When it is not said, or not in the folder.
        """
        if episode.waiting:
            return episode.waiting.video(column), 0.0
        pattern, where = self.info.video_path, f"{self.root / INFO}: video_path"
        if pattern is None:
            raise DatasetError(f"{where} is absent, so there is no video of {column!r}.")
        if self.info.old:
            values: dict[str, int | str] = {**self._numbers(episode.number), "video_key": column}
            return place(self.root, pattern, where=where, **values), 0.0
        group = f"videos/{column}/"
        start, end = (_number(episode.row, f"{group}{end}_timestamp") for end in ("from", "to"))
        if abs((end - start) * self.info.fps - episode.length) > 1:
            raise DatasetError(
                f"{self.root}, episode {episode.number}: {group}from_timestamp and to_timestamp "
                f"are {start:g} and {end:g}, expected {episode.length} frames at "
                f"{self.info.fps:g} Hz between them."
            )
        values = {**_chunk(episode.row, group), "video_key": column}
        return place(self.root, pattern, where=where, **values), start

    def _episode(self, row: Mapping[str, Any]) -> Episode:
        said = self._said(row)
        first, last = said.dataset_from_index, said.dataset_to_index
        if first is not None and last is not None and last - first != said.length:
            raise DatasetError(
                f"{self.root}, episode {said.episode_index}: dataset_from_index and "
                f"dataset_to_index are {first} and {last}, its length is {said.length}."
            )
        values = self._numbers(said.episode_index) if self.info.old else _chunk(row, "data/")
        where = f"{self.root / INFO}: data_path"
        data = place(self.root, self.info.data_path, where=where, **values)
        return Episode(said.episode_index, said.length, said.tasks, first, data, row)

    def _waiting(self, joined: int) -> Iterator[Episode]:
        """Yield the episodes that are not joined; LeRobot itself knows of none."""
        for one in () if self.info.old else recorded(self.root, joined):
            said = self._said(one.row)
            first = said.dataset_from_index
            yield Episode(one.number, said.length, said.tasks, first, one.data, one.row, one)

    def _said(self, row: Mapping[str, Any]) -> _Row:
        try:
            return _Row.model_validate(dict(row))
        except ValidationError as error:
            lines = "\n".join(problems(error, _Row))
            raise DatasetError(
                f"{self.root}: a row of meta's episodes is wrong:\n{lines}"
            ) from error

    def _numbers(self, number: int) -> dict[str, int | str]:
        return {"episode_chunk": number // self.info.chunks_size, "episode_index": number}

    def _rows(self) -> Iterator[dict[str, Any]]:
        if self.info.old:
            return read_lines(self.root / EPISODE_LINES)
        return _episode_rows(self.root)

    def _check(self, name: str, said: int, there: int) -> None:
        if said != there:
            raise DatasetError(
                f"{self.root / INFO}: {name} is {said}, but meta lists {there}: it was edited or "
                "cut off. Download it again, or run the command that writes it once more."
            )


def row_files(root: Path) -> list[Path]:
    """Return the files of ``meta/episodes``, in order."""
    return sorted((root / EPISODES).glob("chunk-*/file-*.parquet"))


def place_of_rows(*, chunk_index: int, file_index: int) -> str:
    """Return where a file of ``meta/episodes`` lies."""
    return f"{EPISODES}/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"


def _episode_rows(root: Path) -> Iterator[dict[str, Any]]:
    """Yield what ``meta/episodes`` says of every episode, without its statistics."""
    for file in row_files(root):
        names = [name for name in columns_of(file) if not name.startswith(STATISTICS)]
        yield from read_table(file, names).to_pylist()


def _task_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield number and sentence of every task; the sentences may be an index of pandas."""
    table = read_table(file)
    said = (table.schema.metadata or {}).get(b"pandas")
    try:
        index = json.loads(said)["index_columns"] if said else []
    except (ValueError, KeyError, TypeError, RecursionError):
        index = []
    names = [name for name in index if isinstance(name, str) and name in table.column_names]
    text = names[0] if names else "task"
    for row in table.to_pylist():
        yield {"task_index": row.get("task_index"), "task": row.get(text)}


def _chunk(row: Mapping[str, Any], group: str) -> dict[str, int | str]:
    """Return which file something lies in."""
    out: dict[str, int | str] = {}
    for name in ("chunk_index", "file_index"):
        value = row.get(f"{group}{name}")
        if type(value) is not int or value < 0:
            raise DatasetError(
                f"Episode {row.get('episode_index')!r}: meta says {group}{name}={value!r}, "
                "expected the number of a file."
            )
        out[name] = value
    return out


def _number(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9:
        raise DatasetError(
            f"Episode {row.get('episode_index')!r}: meta says {name}={value!r}, expected seconds."
        )
    return float(value)
