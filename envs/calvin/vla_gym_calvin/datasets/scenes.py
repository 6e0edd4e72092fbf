"""In which scene a frame was recorded: ``scene_info.npy``.

The play of several scenes lies in one split, a range of frames each: a dictionary from the name of
a scene to its first and last frame, both included (calvin's ``dataset/README.md``).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from vla_gym.arrays import reading
from vla_gym.errors import DatasetError, OptionError
from vla_gym_calvin.datasets.pickled import items, read_dictionary, whole_number

FILE: Final = "scene_info.npy"
SCENES: Final = ("A", "B", "C", "D")
_PREFIX: Final = "calvin_scene_"
_USUAL: Final = "D"
_PROBLEM: Final = "does not say where frames were recorded"


@dataclass(frozen=True)
class Scenes:
    """Which frames of a split belong to which scene.

    Attributes:
        file: That says so.
        ranges: First and last frame by scene (``"A"`` to ``"D"``); empty without a file.
    """

    file: Path
    ranges: Mapping[str, tuple[int, int]]

    def of(self, first: int, last: int) -> str | None:
        """Return the scene of a stretch; ``None`` where no file says anything.

        Raises:
            DatasetError: When it lies in no scene, or not in one alone.
        """
        if not self.ranges:
            return None
        found = [name for name, (a, b) in self.ranges.items() if a <= last and first <= b]
        whole = found and self.ranges[found[0]][0] <= first and last <= self.ranges[found[0]][1]
        if len(found) != 1 or not whole:
            raise DatasetError(
                f"{self.file}: frames {first} to {last} do not lie in one scene "
                f"({dict(self.ranges)}). Give it: scene=D. Downloads of before February 2023 have "
                "a wrong file; CALVIN's README links the right ones."
            )
        return found[0]

    def chosen(self, first: int, last: int, given: str | None) -> str:
        """Return where a stretch is done again: as the file says, or as it was asked for.

        Raises:
            OptionError: No scene.
            DatasetError: The file says another one, or nothing about these frames.
        """
        if given is not None and given not in SCENES:
            raise OptionError(f"scene={given!r}: expected one of {', '.join(SCENES)}.")
        covered = [a <= first and last <= b for a, b in self.ranges.values()]
        if given is not None and sum(covered) != 1:
            return given
        said = self.of(first, last)
        if said is not None and given not in (None, said):
            raise DatasetError(
                f"{self.file}: frames {first} to {last} were recorded in scene {said}, but "
                f"scene={given} was asked for. Leave the option out."
            )
        return said or given or _USUAL

    def warn(self, given: str | None) -> None:
        """Say what is taken for granted where neither a file nor an option says the scene."""
        if not self.ranges and given is None:
            warnings.warn(
                f"{self.file} is not there: taken to be recorded in scene {_USUAL} (scene=A says "
                "otherwise)",
                stacklevel=3,
            )


def read_scenes(folder: Path) -> Scenes:
    """Return the scenes of a split.

    Raises:
        DatasetError: When its file is not what it should be.
    """
    file = folder / FILE
    if not file.exists():
        return Scenes(file, {})
    content = read_dictionary(file, _PROBLEM)
    with reading(file, DatasetError, _PROBLEM):
        ranges = {_scene(name): _range(span) for name, span in content.items()}
        if len(ranges) != len(content) or not ranges:
            raise ValueError(f"expected one range for each scene, got {len(content)}")
    return Scenes(file, ranges)


def write_scenes(folder: Path, ranges: Mapping[str, tuple[int, int]]) -> None:
    """Write first and last frame of each scene."""
    content = {f"{_PREFIX}{name}": list(span) for name, span in ranges.items()}
    np.save(folder / FILE, np.array(content, dtype=object), allow_pickle=True)


def _scene(name: object) -> str:
    text = str(name)[:40]
    if (scene := text.removeprefix(_PREFIX)) not in SCENES:
        raise ValueError(f"{text!r} is no scene; expected {_PREFIX}A to {_PREFIX}D")
    return scene


def _range(span: object) -> tuple[int, int]:
    first, last = map(whole_number, items(span))
    if not 0 <= first <= last:
        raise ValueError(f"frames {first} to {last} are no range")
    return first, last
