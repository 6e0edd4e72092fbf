"""CALVIN's folders as a format of data sets: recognised, read, done again, and recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from vla_gym.errors import OptionError
from vla_gym.schema import Record
from vla_gym_calvin.datasets.annotations import FOLDER, annotation_folders
from vla_gym_calvin.datasets.play import BOUNDS, SPLITS, PlayDataset
from vla_gym_calvin.datasets.recording import PlayRecorder

recorder = PlayRecorder


def recognises(path: Path) -> bool:
    """Whether a folder is a data set of CALVIN, or one of its splits."""
    return any(_is_split(folder) for folder in (path, *(path / split for split in SPLITS)))


def _is_split(folder: Path) -> bool:
    return (folder / BOUNDS).is_file() or bool(annotation_folders(folder))


class PlayOptions(Record):
    """What may be said of a folder.

    Attributes:
        split: ``"training"`` or ``"validation"``, where the folder has both.
        annotations: Name of the folder with annotations, such as ``"lang_clip_resnet50"``.
        leave_out: Annotations that are passed over: ``"bad"`` (outside of every recording),
            ``"empty"`` (without words), or both; otherwise they are an error.
    """

    split: str = "training"
    annotations: str = FOLDER
    leave_out: tuple[Literal["bad", "empty"], ...] = ()

    @field_validator("leave_out", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class AuditOptions(Record):
    """Where the episodes are done again.

    Attributes:
        scene: ``"A"`` to ``"D"``; what ``scene_info.npy`` says by default, D without one.
        assets: ``"official"``, ``"builtin"`` or ``"auto"``.
    """

    scene: str | None = None
    assets: str = "auto"


def open(
    path: Path,
    *,
    split: str = "training",
    annotations: str = FOLDER,
    leave_out: Sequence[str] = (),
) -> PlayDataset:
    """Return a split; ``split`` names it where the folder holds several."""
    if split not in SPLITS:
        raise OptionError(f"split={split!r}: expected one of {', '.join(SPLITS)}.")
    folder = path if _is_split(path) else path / split
    return PlayDataset(folder, annotations=annotations, leave_out=leave_out)


def audit(dataset: PlayDataset, *, scene: str | None = None, assets: str = "auto") -> Iterator[str]:
    """Yield a line for each annotation whose stretch does not fulfil its task when done again."""
    from vla_gym_calvin.datasets.audit import replayed_differently  # the runner

    yield from replayed_differently(dataset, scene=scene, assets=assets)
