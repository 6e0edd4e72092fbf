"""Writing LeRobot v3 folders, an episode at a time, so that nothing is lost when it stops."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from vla_gym.datasets.demonstration import DatasetSpec, Demonstration, check_demonstration
from vla_gym.datasets.lerobot import (
    CAMERA,
    DATA,
    EPISODES,
    EXTRA,
    INFO,
    LABELS,
    ROWS,
    SPEC,
    STATE,
    TASKS,
    VERSION,
    VIDEO,
    episode_rows,
    parquet,
)
from vla_gym.datasets.pictures import write_pictures
from vla_gym.errors import DatasetError
from vla_gym.files import write_atomically

_FILES = 1000  # of a folder, as LeRobot's default


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
        self.root, self.spec, self._robot = root, spec, robot
        self._rows = list(episode_rows(root))
        self._tasks = list(dict.fromkeys(row["tasks"][0] for row in self._rows))
        self._begin()

    def __len__(self) -> int:
        """Return the number of episodes that are there."""
        return len(self._rows)

    @property
    def sources(self) -> list[dict[str, Any]]:
        """Where every episode comes from, so that collecting knows what it has."""
        return [json.loads(row[f"{EXTRA}source"]) for row in self._rows]

    def add(self, demonstration: Demonstration) -> int:
        """Write an episode and return its number.

        Raises:
            DatasetError: When it is not what the spec says, or cannot be written.
        """
        number = len(self._rows)
        check_demonstration(demonstration, self.spec, where=f"episode {number}")
        missing = set(self.spec.cameras) - set(demonstration.images)
        if missing:
            raise DatasetError(f"episode {number} has no pictures of {sorted(missing)}.")
        if demonstration.instruction not in self._tasks:
            self._tasks.append(demonstration.instruction)
        place = {"chunk_index": number // _FILES, "file_index": number % _FILES}
        for role, pictures in demonstration.images.items():
            path = self.root / VIDEO.format(video_key=CAMERA + role, **place)
            write_pictures(path, pictures, fps=self.spec.fps)
        start = sum(row["length"] for row in self._rows)
        self._write(DATA.format(**place), self._frames(demonstration, number, start))
        row = self._row(demonstration, number, start, place)
        # Last, because with it the episode counts.
        self._write(ROWS.format(**place), _table([row]))
        self._rows.append(row)
        return number

    def close(self) -> None:
        """Write what describes the whole folder."""
        texts = {"task_index": list(range(len(self._tasks))), "task": self._tasks}
        table = _arrow().table(texts)
        index = {"index_columns": ["task"], "columns": [], "column_indexes": []}
        self._write(TASKS, table.replace_schema_metadata({"pandas": json.dumps(index)}))
        self._write_info()

    def _begin(self) -> None:
        if self._rows and not (self.root / INFO).is_file():
            raise DatasetError(f"{self.root} has episodes but no {INFO}; give another folder.")
        if (self.root / INFO).is_file():
            info = json.loads((self.root / INFO).read_bytes())
            if info.get(SPEC) != self.spec.model_dump(mode="json"):
                raise DatasetError(
                    f"{self.root} holds episodes of another spec (cameras, proprioception, "
                    "action or base). Give another folder."
                )
        self._write_info()

    def _frames(self, demonstration: Demonstration, number: int, start: int) -> Any:
        length = len(demonstration)
        frame = np.arange(length)
        columns: dict[str, Any] = {
            STATE: _lists(demonstration.proprioception),
            "action": _lists(demonstration.actions),
            "timestamp": (frame / self.spec.fps).astype(np.float32),
            "frame_index": frame,
            "episode_index": np.full(length, number),
            "index": start + frame,
            "task_index": np.full(length, self._tasks.index(demonstration.instruction)),
        }
        if demonstration.labels is not None:
            columns[LABELS] = _lists(demonstration.labels)
        return _arrow().table(columns)

    def _row(
        self, demonstration: Demonstration, number: int, start: int, place: Mapping[str, int]
    ) -> dict[str, Any]:
        length = len(demonstration)
        row: dict[str, Any] = {
            "episode_index": number,
            "tasks": [demonstration.instruction],
            "length": length,
            "dataset_from_index": start,
            "dataset_to_index": start + length,
            f"{EXTRA}task": demonstration.task,
            f"{EXTRA}success": demonstration.success,
            f"{EXTRA}source": json.dumps(dict(demonstration.source)),
        }
        for group in ("data", EPISODES):
            row |= {f"{group}/{name}": value for name, value in place.items()}
        for role in self.spec.cameras:
            group = f"videos/{CAMERA}{role}"
            row |= {f"{group}/{name}": value for name, value in place.items()}
            row |= {f"{group}/from_timestamp": 0.0, f"{group}/to_timestamp": length / self.spec.fps}
        return row

    def _write(self, name: str, table: Any) -> None:
        buffer = _arrow().BufferOutputStream()
        parquet().write_table(table, buffer)
        self._put(name, buffer.getvalue().to_pybytes())

    def _write_info(self) -> None:
        self._put(INFO, json.dumps(self._info(), indent=2).encode() + b"\n")

    def _put(self, name: str, data: bytes) -> None:
        path = self.root / name
        try:
            write_atomically(path, data)
        except OSError as error:
            raise DatasetError(f"{path} cannot be written: {error}") from error

    def _info(self) -> dict[str, Any]:
        return {
            "codebase_version": VERSION,
            "robot_type": self._robot,
            "total_episodes": len(self._rows),
            "total_frames": sum(row["length"] for row in self._rows),
            "total_tasks": len(self._tasks),
            "chunks_size": _FILES,
            "fps": self.spec.fps,
            "splits": {"train": f"0:{len(self._rows)}"},
            "data_path": DATA,
            "video_path": VIDEO,
            "features": self._features(),
            SPEC: self.spec.model_dump(mode="json"),
        }

    def _features(self) -> dict[str, Any]:
        def numbers(names: list[str], kind: str = "float32") -> dict[str, Any]:
            return {"dtype": kind, "shape": [len(names)], "names": names}

        action = [f"action_{i}" for i in range(self.spec.action.size)]
        state = [f"{part.name}_{i}" for part in self.spec.proprioception for i in range(part.size)]
        features = {STATE: numbers(state), "action": numbers(action)}
        for role, camera in self.spec.cameras.items():
            features[CAMERA + role] = {
                "dtype": "video",
                "shape": [camera.height, camera.width, 3],
                "names": ["height", "width", "channels"],
                "info": {"video.fps": self.spec.fps, "video.codec": "h264", "has_audio": False},
            }
        one = {"shape": [1], "names": None}
        features["timestamp"] = {"dtype": "float32", **one}
        for name in ("frame_index", "episode_index", "index", "task_index"):
            features[name] = {"dtype": "int64", **one}
        return features


def _arrow() -> ModuleType:
    parquet()  # says what to install
    return importlib.import_module("pyarrow")


def _lists(values: np.ndarray[Any, Any]) -> Any:
    """Return rows ``(T, n)`` as an Arrow column of float lists."""
    arrow = _arrow()
    return arrow.array([row.tolist() for row in values], arrow.list_(arrow.float32()))


def _table(rows: list[dict[str, Any]]) -> Any:
    return _arrow().Table.from_pylist(rows)
