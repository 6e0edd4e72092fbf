"""What describes a LeRobot v3 folder as a whole: ``info.json``, tasks and statistics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from vla_gym.datasets.demonstration import DatasetSpec
from vla_gym.datasets.lerobot import EXECUTED, SPEC
from vla_gym.datasets.lerobot_columns import ACTION, CAMERA, STATE
from vla_gym.datasets.lerobot_files import arrow, parquet, read_json
from vla_gym.datasets.lerobot_info import INFO
from vla_gym.datasets.lerobot_joining import DATA, DATA_MEGABYTES, FILES, VIDEO, VIDEO_MEGABYTES
from vla_gym.datasets.lerobot_meta import STATISTICS, TASKS, row_files
from vla_gym.datasets.lerobot_recording import any_recorded
from vla_gym.datasets.lerobot_statistics import Total
from vla_gym.errors import DatasetError
from vla_gym.files import write_atomically

VERSION: Final = "v3.0"
STATS: Final = "meta/stats.json"


class Description:
    """Grows with every episode that is joined.

    Args:
        spec: What the episodes mean.
        robot: Name of the robot.
    """

    def __init__(self, spec: DatasetSpec, robot: str) -> None:
        self._spec, self._robot = spec, robot
        self._tasks: dict[str, int] = {}
        self._total = Total()
        self._episodes = self._frames = 0

    def add(self, row: Mapping[str, Any], stats: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in an episode and its statistics, by feature."""
        self._tasks.setdefault(row["tasks"][0], len(self._tasks))
        self._total.add(stats)
        self._episodes += 1
        self._frames += row["length"]

    def add_row(self, row: Mapping[str, Any]) -> None:
        """Take in an episode as it stands in ``meta/episodes``."""
        stats: dict[str, dict[str, Any]] = {}
        for name, value in row.items():
            if name.startswith(STATISTICS):
                _, feature, statistic = name.split("/")
                stats.setdefault(feature, {})[statistic] = value
        self.add(row, stats)

    def write(self, root: Path) -> None:
        """Write all of it.

        Raises:
            DatasetError: When a file cannot be written.
        """
        _put(root / TASKS, _tasks(list(self._tasks)))
        _put(root / STATS, _json(self._total.as_json()))
        _put(root / INFO, _json(self._info()))

    def _info(self) -> dict[str, Any]:
        return {
            "codebase_version": VERSION,
            "robot_type": self._robot,
            "total_episodes": self._episodes,
            "total_frames": self._frames,
            "total_tasks": len(self._tasks),
            "chunks_size": FILES,
            "data_files_size_in_mb": DATA_MEGABYTES,
            "video_files_size_in_mb": VIDEO_MEGABYTES,
            "fps": _rate(self._spec.fps),
            "splits": {"train": f"0:{self._episodes}"},
            "data_path": DATA,
            "video_path": VIDEO if self._spec.cameras else None,
            "features": _features(self._spec),
            SPEC: self._spec.model_dump(mode="json"),
        }


def began_otherwise(root: Path, spec: DatasetSpec) -> None:
    """Refuse a folder that holds something else than episodes of a spec.

    Raises:
        DatasetError: Says what.
    """
    if not (root / INFO).is_file():
        if row_files(root) or any_recorded(root):
            raise DatasetError(f"{root} has episodes but no {INFO}; give another folder.")
        return
    info = read_json(root / INFO)
    if info.get(SPEC) != spec.model_dump(mode="json"):
        raise DatasetError(
            f"{root} holds episodes of another spec (cameras, proprioception, action or base). "
            "Give another folder."
        )
    if info.get("features") != json.loads(json.dumps(_features(spec))):
        raise DatasetError(
            f"{root} was begun by another version, which stored other columns. Bring it to this "
            f"one with vla-gym dataset convert {root} --out NEW, or collect into another folder."
        )


def _features(spec: DatasetSpec) -> dict[str, Any]:
    action = [
        part.name if size == 1 else f"{part.name}_{i}"
        for part in spec.action.parts
        for size in [spec.action.slices[part.name].stop - spec.action.slices[part.name].start]
        for i in range(size)
    ]
    state = [f"{part.name}_{i}" for part in spec.proprioception for i in range(part.size)]
    features = {STATE: _numbers(state)} if state else {}
    features |= {ACTION: _numbers(action), EXECUTED: _numbers(action)}
    for role, camera in spec.cameras.items():
        features[CAMERA + role] = _video(camera.height, camera.width, spec.fps)
    one = {"shape": [1], "names": None}
    features["timestamp"] = {"dtype": "float32", **one}
    for name in ("frame_index", "episode_index", "index", "task_index"):
        features[name] = {"dtype": "int64", **one}
    return features


def _numbers(names: list[str]) -> dict[str, Any]:
    return {"dtype": "float32", "shape": [len(names)], "names": names}


def _video(height: int, width: int, fps: float) -> dict[str, Any]:
    about = {
        "video.height": height,
        "video.width": width,
        "video.codec": "h264",
        "video.pix_fmt": "yuv420p",
        "video.is_depth_map": False,
        "video.fps": _rate(fps),
        "video.channels": 3,
        "has_audio": False,
    }
    names = ["height", "width", "channels"]
    return {"dtype": "video", "shape": [height, width, 3], "names": names, "info": about}


def _rate(fps: float) -> float | int:
    """Return a rate as LeRobot writes it: whole where it is."""
    return int(fps) if fps == int(fps) else fps


def _tasks(texts: list[str]) -> bytes:
    """Return ``meta/tasks.parquet``, whose sentences are the index of a pandas table."""
    arrow_ = arrow()
    table = arrow_.table(
        {
            "task_index": arrow_.array(range(len(texts)), arrow_.int64()),
            "task": arrow_.array(texts, arrow_.string()),
        }
    )
    kinds = {"task_index": ("int64", "int64"), "task": ("unicode", "object")}
    columns = [
        {
            "name": name,
            "field_name": name,
            "pandas_type": kind,
            "numpy_type": numpy,
            "metadata": None,
        }
        for name, (kind, numpy) in kinds.items()
    ]
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": columns}
    out = arrow_.BufferOutputStream()
    parquet().write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), out)
    data: bytes = out.getvalue().to_pybytes()
    return data


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"


def _put(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        raise DatasetError(f"{path} cannot be written: {error}") from error
