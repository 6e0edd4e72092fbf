"""Episodes that were written and not yet joined: a folder for each, so that nothing is lost.

LeRobot wants few large files, whose ends are written last: a program that is killed would lose all
of one. So an episode first lies in a folder of its own, which is renamed into place when it is
whole, and many of them are joined at a time.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vla_gym.datasets.lerobot_files import parquet, read_json
from vla_gym.errors import DatasetError

FOLDER: Final = "recording"
_ROW = "row.json"
_DATA = "data.parquet"
_PARTIAL = ".partial-"


@dataclass(frozen=True)
class Recorded:
    """An episode in a folder of its own.

    Attributes:
        folder: Where.
        row: What is said of it, as in ``meta/episodes``, its statistics by feature and column.
    """

    folder: Path
    row: Mapping[str, Any]

    @property
    def number(self) -> int:
        """Its ``episode_index``."""
        return int(self.folder.name)

    @property
    def data(self) -> Path:
        """The parquet file with its numbers."""
        return self.folder / _DATA

    def video(self, column: str) -> Path:
        """The video of a camera."""
        return self.folder / f"{column}.mp4"


def recorded(root: Path, joined: int) -> list[Recorded]:
    """Return the episodes of a folder that are not joined, in order.

    Args:
        root: The folder.
        joined: How many episodes are; what is left of those is passed over.

    Raises:
        DatasetError: When one cannot be read, or one between is absent.
    """
    found = [
        Recorded(folder, read_json(folder / _ROW))
        for folder in sorted(_folders(root), key=lambda one: int(one.name))
        if int(folder.name) >= joined
    ]
    for number, one in enumerate(found, joined):
        if one.number != number or one.row.get("episode_index") != number:
            raise DatasetError(f"{one.folder} stands where episode {number} was expected.")
        stats = one.row.get("stats")
        if not isinstance(stats, dict) or not all(isinstance(v, dict) for v in stats.values()):
            raise DatasetError(f"{one.folder}: stats in {_ROW} are no statistics by column.")
    return found


def any_recorded(root: Path) -> bool:
    """Whether a folder has episodes that are not joined."""
    return bool(_folders(root))


def _folders(root: Path) -> list[Path]:
    return [folder for folder in (root / FOLDER).glob("*") if folder.name.isdecimal()]


class NewEpisode:
    """A folder that is filled and then renamed into place.

    Args:
        root: The folder of the data set.
        number: Of the episode.
    """

    def __init__(self, root: Path, number: int) -> None:
        self._home, self._number = root / FOLDER, number

    def __enter__(self) -> Recorded:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            self._partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self._home))
        except OSError as error:
            raise DatasetError(f"{self._home} cannot be written: {error}") from error
        return Recorded(self._partial, {})

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)

    def keep(self, table: Any, row: Mapping[str, Any]) -> Recorded:
        """Write the numbers and what is said of them, and let the episode count.

        Raises:
            DatasetError: When they cannot be written.
        """
        target = self._home / f"{self._number:06d}"
        try:
            parquet().write_table(table, self._partial / _DATA)
            (self._partial / _ROW).write_text(json.dumps(row), encoding="utf-8")
            self._partial.chmod(0o755)
            self._partial.rename(target)
        except OSError as error:
            raise DatasetError(f"{target} cannot be written: {error}") from error
        return Recorded(target, row)


def tidy(root: Path, joined: int) -> None:
    """Remove what was half written, and what is joined already (episodes below ``joined``)."""
    home = root / FOLDER
    done = [folder for folder in _folders(root) if int(folder.name) < joined]
    for folder in (*done, *home.glob(f"{_PARTIAL}*")):
        shutil.rmtree(folder, ignore_errors=True)
    if home.is_dir() and not any(home.iterdir()):
        home.rmdir()
