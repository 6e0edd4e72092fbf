"""Small LeRobot folders as they are shared, with whatever a test changes in them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from PIL import Image
from pyarrow import parquet

from vla_gym.datasets.pictures import write_pictures

OLD = {
    "data": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
    "video": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
}
NEW = {
    "data": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
    "video": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
}


@dataclass
class Folder:
    """What is written; tests change fields before or files after.

    Attributes:
        tasks_of: Number of its task for every frame, by episode.
        stored: ``"video"`` or ``"image"``.
        columns: Over the columns of numbers that are made, by name.
        info: Over ``info.json``.
    """

    version: str = "v3.0"
    fps: float = 30
    cameras: Mapping[str, tuple[int, int]] = field(
        default_factory=lambda: {
            "observation.images.static": (32, 48),
            "observation.images.wrist": (24, 24),
        }
    )
    stored: str = "video"
    sentences: Sequence[str] = ("open it", "close it")
    tasks_of: Sequence[Sequence[int]] = ((0,) * 6, (1,) * 5)
    action: Mapping[str, int] = field(default_factory=lambda: {"action": 7})
    state: Mapping[str, int] = field(default_factory=lambda: {"observation.state": 3})
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def old(self) -> bool:
        return self.version < "v3"

    def write(self, root: Path) -> Path:
        """Write it and return its root."""
        tables = [self.table(number) for number in range(len(self.tasks_of))]
        for number, table in enumerate(tables):
            if self.old:
                self._put(root, OLD["data"], table, number)
        if not self.old:
            self._put(root, NEW["data"], pyarrow.concat_tables(tables), 0)
        if self.stored == "video":
            self._videos(root)
        self._meta(root)
        return root

    def table(self, number: int) -> pyarrow.Table:
        """Return the rows of an episode."""
        tasks = np.array(self.tasks_of[number])
        length, frame = len(tasks), np.arange(len(tasks))
        columns: dict[str, Any] = {}
        for name, size in {**self.state, **self.action}.items():
            values = numbers(name, number, length, size)
            columns[name] = pyarrow.array(list(values)) if size > 1 else values.ravel()
        if self.stored == "image":
            for name in self.cameras:
                columns[name] = pyarrow.array([png(one) for one in self.pictures(name, number)])
        return pyarrow.table(
            {
                **columns,
                "timestamp": (frame / self.fps).astype(np.float32),
                "frame_index": frame,
                "episode_index": np.full(length, number),
                "index": sum(map(len, self.tasks_of[:number])) + frame,
                "task_index": tasks,
            }
        )

    def pictures(self, camera: str, number: int) -> np.ndarray:
        """Return what a camera shows: flat, brighter with every frame and episode."""
        height, width = self.cameras[camera]
        length = len(self.tasks_of[number])
        level = 40 + 80 * number + 12 * np.arange(length)
        return np.broadcast_to(level[:, None, None, None], (length, height, width, 3)).astype(
            np.uint8
        )

    def _videos(self, root: Path) -> None:
        for camera in self.cameras:
            shown = [self.pictures(camera, n) for n in range(len(self.tasks_of))]
            if self.old:
                for number, pictures in enumerate(shown):
                    path = OLD["video"].format(
                        episode_chunk=0, episode_index=number, video_key=camera
                    )
                    write_pictures(root / path, pictures, fps=self.fps)
            else:
                path = NEW["video"].format(chunk_index=0, file_index=0, video_key=camera)
                write_pictures(root / path, np.concatenate(shown), fps=self.fps)

    def _put(self, root: Path, pattern: str, table: pyarrow.Table, number: int) -> None:
        path = root / pattern.format(
            episode_chunk=0, episode_index=number, chunk_index=0, file_index=0
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, path)

    def _meta(self, root: Path) -> None:
        (root / "meta").mkdir(exist_ok=True)
        (root / "meta/info.json").write_text(json.dumps({**self.described(), **self.info}))
        rows = list(self._rows())
        tasks = [{"task_index": n, "task": text} for n, text in enumerate(self.sentences)]
        if self.old:
            lines(root / "meta/episodes.jsonl", rows)
            lines(root / "meta/tasks.jsonl", tasks)
        else:
            (root / "meta/episodes/chunk-000").mkdir(parents=True)
            file = root / "meta/episodes/chunk-000/file-000.parquet"
            parquet.write_table(pyarrow.Table.from_pylist(rows), file)
            parquet.write_table(pyarrow.Table.from_pylist(tasks), root / "meta/tasks.parquet")

    def _rows(self):
        start = 0
        for number, tasks in enumerate(self.tasks_of):
            texts = [self.sentences[task] for task in dict.fromkeys(tasks)]
            row: dict[str, Any] = {"episode_index": number, "tasks": texts, "length": len(tasks)}
            if not self.old:
                row |= {"data/chunk_index": 0, "data/file_index": 0}
                row |= {"dataset_from_index": start, "dataset_to_index": start + len(tasks)}
                for camera in self.cameras if self.stored == "video" else ():
                    row |= {f"videos/{camera}/{name}_index": 0 for name in ("chunk", "file")}
                    row[f"videos/{camera}/from_timestamp"] = start / self.fps
                    row[f"videos/{camera}/to_timestamp"] = (start + len(tasks)) / self.fps
            start += len(tasks)
            yield row

    def described(self) -> dict[str, Any]:
        """Return ``info.json`` before it is changed."""
        patterns = OLD if self.old else NEW
        features: dict[str, Any] = {
            name: {"dtype": "float32", "shape": [size], "names": None}
            for name, size in {**self.state, **self.action}.items()
        }
        for name, (height, width) in self.cameras.items():
            features[name] = {"dtype": self.stored, "shape": [height, width, 3], "names": None}
        return {
            "codebase_version": self.version,
            "robot_type": "panda",
            "total_episodes": len(self.tasks_of),
            "total_frames": sum(map(len, self.tasks_of)),
            "total_tasks": len(self.sentences),
            "chunks_size": 1000,
            "fps": self.fps,
            "splits": {"train": f"0:{len(self.tasks_of)}"},
            "data_path": patterns["data"],
            "video_path": patterns["video"] if self.stored == "video" else None,
            "features": features,
        }


def numbers(name: str, episode: int, length: int, size: int) -> np.ndarray:
    """Return the values of a column, float32 ``(length, size)``."""
    rng = np.random.default_rng([episode, len(name), size])
    return rng.uniform(-1, 1, (length, size)).astype(np.float32)


def png(picture: np.ndarray) -> dict[str, Any]:
    """Return a picture as LeRobot stores it in parquet."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "PNG")
    return {"bytes": data.getvalue(), "path": None}


def lines(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as lines of JSON."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def change_info(root: Path, **changes: Any) -> None:
    """Change fields of ``info.json``; ``None`` is a value like others."""
    file = root / "meta/info.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def change_table(file: Path, **columns: Any) -> None:
    """Replace columns of a parquet file; ``None`` removes one."""
    table = parquet.read_table(file)
    for name, values in columns.items():
        place = table.column_names.index(name)
        table = table.remove_column(place)
        if values is not None:
            table = table.append_column(name, pyarrow.array(values))
    parquet.write_table(table, file)
