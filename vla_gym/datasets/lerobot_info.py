"""``meta/info.json`` of a LeRobot folder: what is read of it, and nothing that is odd."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vla_gym.datasets.lerobot_files import read_json
from vla_gym.errors import DatasetError
from vla_gym.validation import problems

INFO: Final = "meta/info.json"
_WITHOUT_MEANING = {
    "robot_type",
    "total_tasks",
    "total_videos",
    "total_chunks",
    "data_files_size_in_mb",
    "video_files_size_in_mb",
}
"""LeRobot's own fields that change nothing of what an episode holds."""


class Feature(BaseModel):
    """What ``info.json`` says of a column.

    Attributes:
        dtype: ``"float32"``, ``"video"``, ``"image"`` ...
        shape: Of a frame.
        names: Of its numbers, in one of several forms.
        fps: Frames per second, where it is said once more.
        info: Of the video; version 2.0 calls it ``video_info``.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    dtype: str
    shape: list[int] | None = None
    names: Any = None
    fps: float | None = None
    info: dict[str, Any] | None = None
    video_info: dict[str, Any] | None = None

    @property
    def video(self) -> Mapping[str, Any]:
        """What is said of the video."""
        return self.info or self.video_info or {}

    @property
    def picture(self) -> tuple[int, int] | None:
        """Height and width of its pictures, where that is said; channels may stand in front."""
        if self.shape is None or len(self.shape) != 3:
            return None
        first = self.labels[:1] in (["channel"], ["channels"]) or (
            self.shape[0] == 3 != self.shape[2]
        )
        return (self.shape[1], self.shape[2]) if first else (self.shape[0], self.shape[1])

    @property
    def labels(self) -> list[str]:
        """Names of its numbers; empty where they are not listed."""
        names = self.names
        if isinstance(names, dict) and len(names) == 1:
            (names,) = names.values()
        return [str(name) for name in names] if isinstance(names, list) else []


class Info(BaseModel):
    """What is read of ``info.json``.

    Attributes:
        discarded_episode_indices: Episodes that whoever recorded them wants left out (GR00T's
            exporter lists them).
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    codebase_version: Literal["v2.0", "v2.1", "v3.0"]
    fps: float = Field(gt=0, le=1e6, allow_inf_nan=False)
    total_episodes: int = Field(ge=0)
    total_frames: int = Field(ge=0)
    chunks_size: int = Field(gt=0)
    data_path: str
    video_path: str | None = None
    splits: dict[str, str] = {}
    features: dict[str, Feature] = {}
    discarded_episode_indices: list[int] = []
    vla_gym_spec: Any = None

    @property
    def old(self) -> bool:
        """Whether it is version 2: a file for every episode."""
        return self.codebase_version != "v3.0"

    @property
    def unread(self) -> list[str]:
        """Fields that are not LeRobot's own, and mean nothing to us."""
        return sorted(set(self.model_extra or {}) - _WITHOUT_MEANING)


def read_info(file: Path) -> Info:
    """Return what a file says.

    Raises:
        DatasetError: When it cannot be read, a field is absent or odd, or a rate is said twice and
            differently.
    """
    info = _validated(file)
    for name, feature in info.features.items():
        for rate in (feature.fps, feature.video.get("video.fps")):
            if rate is not None and rate != info.fps:
                raise DatasetError(
                    f"{file}: features.{name} says {rate!r} frames per second, fps says "
                    f"{info.fps:g}."
                )
    return info


def _validated(file: Path) -> Info:
    found = read_json(file)
    try:
        return Info.model_validate(found)
    except ValidationError as error:
        lines = "\n".join(problems(error, Info))
        hint = (
            ""
            if "codebase_version:" not in lines
            else ("\nFix: LeRobot's own converters bring older folders to v2.1 and v3.0.")
        )
        raise DatasetError(f"{file} is not what LeRobot writes:\n{lines}{hint}") from error
