"""Which stretch of the play is which task, in which words (``lang_annotations``).

The file is a pickled dictionary in a ``.npy``. Only what such a dictionary is made of is unpickled:
a file from elsewhere cannot run code.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from vla_gym.errors import DatasetError

FILE: Final = Path("lang_annotations", "auto_lang_ann.npy")
_HARMLESS: Final = {
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


@dataclass(frozen=True)
class Annotation:
    """A stretch of play that fulfils a task.

    Attributes:
        first: Number of its first frame.
        last: Number of its last frame, included.
        task: Name of the task.
        sentence: What a person would say.
    """

    first: int
    last: int
    task: str
    sentence: str


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return a class that may be in such a file."""
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which it should not need")
        return super().find_class(module, name)


def read_annotations(folder: Path) -> list[Annotation]:
    """Return the annotations of a split.

    Raises:
        DatasetError: When the file is absent or is not what it should be.
    """
    path = folder / FILE
    try:
        content = _read_dictionary(path)
        rows = zip(
            content["info"]["indx"],
            content["language"]["task"],
            content["language"]["ann"],
            strict=True,
        )
        return [Annotation(int(i[0]), int(i[1]), str(task), str(ann)) for i, task, ann in rows]
    except (OSError, EOFError, ValueError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise DatasetError(f"{path} is not a file of annotations: {error}") from error


def write_annotations(folder: Path, annotations: Sequence[Annotation]) -> None:
    """Write the annotations of a split, without sentence embeddings."""
    content = {
        "language": {
            "ann": [a.sentence for a in annotations],
            "task": [a.task for a in annotations],
        },
        "info": {"indx": [(a.first, a.last) for a in annotations], "episodes": []},
    }
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.array(content, dtype=object), allow_pickle=True)


def _read_dictionary(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        major, _ = np.lib.format.read_magic(file)
        header = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
        shape, _, dtype = header[major](file)
        if shape != () or dtype.kind != "O":
            raise ValueError(f"expected one pickled dictionary, got {dtype} {shape}")
        found = _Unpickler(file).load().item()
    if not isinstance(found, dict):
        raise ValueError(f"expected a dictionary, got {type(found).__name__}")
    return found
