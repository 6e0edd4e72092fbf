"""CALVIN's folders as a format of data sets: recognised, read, done again, and recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vla_gym.errors import OptionError
from vla_gym.schema import Record
from vla_gym_calvin.datasets.play import BOUNDS, SPLITS, PlayDataset
from vla_gym_calvin.datasets.recording import PlayRecorder

recorder = PlayRecorder


def recognises(path: Path) -> bool:
    """Whether a folder is a data set of CALVIN, or one of its splits."""
    return any((folder / BOUNDS).is_file() for folder in (path, *(path / s for s in SPLITS)))


class PlayOptions(Record):
    """What may be said of a folder.

    Attributes:
        split: ``"training"`` or ``"validation"``, where the folder has both.
    """

    split: str = "training"


class AuditOptions(Record):
    """Where the episodes are done again.

    Attributes:
        scene: ``"A"`` to ``"D"``.
        assets: ``"official"``, ``"builtin"`` or ``"auto"``.
    """

    scene: str = "D"
    assets: str = "auto"


def open(path: Path, *, split: str = "training") -> PlayDataset:
    """Return a split; ``split`` names it where the folder holds several."""
    if (path / BOUNDS).is_file():
        return PlayDataset(path)
    if split not in SPLITS:
        raise OptionError(f"split={split!r}: expected one of {', '.join(SPLITS)}.")
    return PlayDataset(path / split)


def audit(dataset: PlayDataset, *, scene: str = "D", assets: str = "auto") -> Iterator[str]:
    """Yield a line for each annotation whose stretch does not fulfil its task when done again."""
    from vla_gym_calvin.datasets.audit import replayed_differently  # the runner

    yield from replayed_differently(dataset, scene=scene, assets=assets)
