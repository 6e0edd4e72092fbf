"""LeRobot v3 folders: what we collect is stored in, and what the community shares.

Parquet for numbers, MP4 for pictures, JSON for the rest. A file may hold many episodes; ours hold
one each, so that collecting can be stopped at any moment: an episode counts once its line in
``meta/episodes`` is there. What LeRobot has no place for (the meaning of the numbers, success, the
undisturbed labels) stands under names of our own that other readers pass over.

Layout: https://huggingface.co/docs/lerobot/lerobot-dataset-v3
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from pydantic import ValidationError

from vla_gym.datasets.demonstration import (
    DatasetSpec,
    Demonstration,
    Floats,
    Pictures,
    check_demonstration,
)
from vla_gym.datasets.pictures import read_pictures
from vla_gym.errors import DatasetError, MissingDependencyError
from vla_gym.schema import Record

VERSION: Final = "v3.0"
INFO: Final = "meta/info.json"
EPISODES: Final = "meta/episodes"
ROWS: Final = EPISODES + "/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
TASKS: Final = "meta/tasks.parquet"
DATA: Final = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO: Final = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
CAMERA: Final = "observation.images."
STATE: Final = "observation.state"
LABELS: Final = "vla_gym.labels"
EXTRA: Final = "vla_gym/"
"""In front of our own columns of ``meta/episodes``: ``task``, ``success``, ``source``."""
SPEC: Final = "vla_gym_spec"
"""Our own entry of ``info.json``: the ``DatasetSpec``."""


def parquet() -> ModuleType:
    """Return ``pyarrow.parquet``.

    Raises:
        MissingDependencyError: When it is not installed.
    """
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise MissingDependencyError(
            "LeRobot data sets need pyarrow: pip install 'vla-gym[datasets]'"
        ) from None


def recognises(path: Path) -> bool:
    """Whether a folder has LeRobot's ``meta/info.json``."""
    return (path / INFO).is_file()


class LeRobotOptions(Record):
    """What may be said of a folder.

    Attributes:
        spec: What its numbers mean; needed where the folder was not written by vla_gym.
    """

    spec: DatasetSpec | None = None


def open(path: Path, *, spec: DatasetSpec | None = None) -> LeRobotDataset:
    """Return the data set in a folder; ``spec`` says what its numbers mean where it does not."""
    return LeRobotDataset(path, spec=spec)


class LeRobotDataset:
    """A LeRobot v3 folder.

    Args:
        root: The folder.
        spec: What its numbers mean; needed where the folder was not written by vla_gym.

    Raises:
        DatasetError: When it is another version, damaged, or its meaning is not known.
    """

    def __init__(self, root: Path, *, spec: DatasetSpec | None = None) -> None:
        self.root = root
        self._info = _read_info(root / INFO)
        self.spec = spec or self._own_spec()

    @property
    def lengths(self) -> list[int]:
        """Frames of every episode."""
        return [int(row["length"]) for row in self._rows]

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        """Return an episode; without its pictures where only numbers are wanted.

        Raises:
            DatasetError: When a file is absent, damaged or too short.
        """
        row = self._rows[index]
        table = self._table(row)
        where = f"{self.root}, episode {row['episode_index']}"
        demonstration = Demonstration(
            images=self._pictures(row) if images else {},
            proprioception=table.get(STATE, np.zeros((int(row["length"]), 0), np.float32)),
            actions=table["action"],
            instruction=str(row["tasks"][0]) if row["tasks"] else "",
            task=row.get(f"{EXTRA}task") or "",
            success=row.get(f"{EXTRA}success"),
            labels=table.get(LABELS),
            source=json.loads(row.get(f"{EXTRA}source") or "{}"),
        )
        check_demonstration(demonstration, self.spec, where=where)
        return demonstration

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        return list(episode_rows(self.root))

    def _table(self, row: Mapping[str, Any]) -> dict[str, Floats]:
        """Return the float columns of an episode, ``(T, n)`` each."""
        file = self.root / self._info.get("data_path", DATA).format(
            chunk_index=row["data/chunk_index"], file_index=row["data/file_index"]
        )
        number = row["episode_index"]
        try:
            table = parquet().read_table(file, filters=[("episode_index", "=", number)])
        except (OSError, ValueError) as error:
            raise DatasetError(f"{file} cannot be read: {error}") from error
        if len(table) != row["length"]:
            raise DatasetError(
                f"{file} holds {len(table)} of {row['length']} frames of episode {number}."
            )
        names = [name for name in (STATE, "action", LABELS) if name in table.column_names]
        return {name: np.array(table[name].to_pylist(), np.float32) for name in names}

    def _pictures(self, row: Mapping[str, Any]) -> dict[str, Pictures]:
        out = {}
        for role in self.spec.cameras:
            key = CAMERA + role
            place = {name: row[f"videos/{key}/{name}"] for name in ("chunk_index", "file_index")}
            path = self._info.get("video_path", VIDEO).format(video_key=key, **place)
            start = float(row[f"videos/{key}/from_timestamp"])
            fps = float(self._info["fps"])
            out[role] = read_pictures(self.root / path, int(row["length"]), start=start, fps=fps)
        return out

    def _own_spec(self) -> DatasetSpec:
        if SPEC not in self._info:
            raise DatasetError(
                f"{self.root / INFO} does not say what an action means (units, frame, gripper). "
                "Give spec=DatasetSpec(...) in the terms of vla_gym.contract."
            )
        try:
            return DatasetSpec.model_validate(self._info[SPEC])
        except ValidationError as error:
            found = [f"  {_place(one)}: {one['msg']}" for one in error.errors(include_url=False)]
            raise DatasetError(
                "\n".join([f"{self.root / INFO}, {SPEC} is not what this version stores:", *found])
                + "\nFix: add what is missing there (an older version did not store it), give "
                "spec=DatasetSpec(...), or collect again."
            ) from error


def _place(problem: Mapping[str, Any]) -> str:
    return ".".join(map(str, problem["loc"]))


def episode_rows(root: Path) -> Iterator[dict[str, Any]]:
    """Yield what ``meta/episodes`` says of every episode, in order.

    Raises:
        DatasetError: When a file cannot be read.
    """
    for file in sorted((root / EPISODES).glob("chunk-*/file-*.parquet")):
        try:
            yield from parquet().read_table(file).to_pylist()
        except (OSError, ValueError) as error:
            raise DatasetError(f"{file} cannot be read: {error}") from error


def _read_info(file: Path) -> dict[str, Any]:
    try:
        info: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} cannot be read: {error}") from error
    if info.get("codebase_version") != VERSION:
        raise DatasetError(
            f"{file} is of version {info.get('codebase_version')!r}, expected {VERSION!r}: "
            "LeRobot's own converter brings older folders to v3."
        )
    return info
