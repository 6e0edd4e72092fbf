"""Which stretch of the play is which task, in which words (``lang_annotations``).

The ends in the file are exclusive, as the official annotator writes them and the official loader
reads them (mees/calvin @ fa03f01, ``automatic_lang_annotator_mp.py``, ``disk_dataset.py``); those
of ``Annotation`` are inclusive.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from vla_gym.arrays import reading
from vla_gym.errors import DatasetError, OptionError
from vla_gym_calvin.datasets.pickled import Stored, items, read_dictionary, whole_number

FOLDER: Final = "lang_annotations"
NAME: Final = "auto_lang_ann.npy"
_FOLDERS: Final = "lang_*"
_PROBLEM: Final = "is not a file of annotations"
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "language": frozenset({"ann", "task", "emb"}),
    "info": frozenset({"indx", "episodes"}),
}
"""What a file holds. ``emb`` is the sentence once more; ``episodes`` is empty in official files."""


@dataclass(frozen=True)
class Annotation:
    """A stretch of play that fulfils a task.

    Attributes:
        first: Number of its first frame.
        last: Number of its last frame, included.
        task: Name of the task.
        sentence: What a person would say.
        row: Which of its file it is.
    """

    first: int
    last: int
    task: str
    sentence: str
    row: int = 0


def annotation_folders(folder: Path) -> list[str]:
    """Return the names of the folders with annotations in a split."""
    return sorted(file.parent.name for file in folder.glob(f"{_FOLDERS}/{NAME}"))


def annotations_file(folder: Path, name: str) -> Path:
    """Return where the annotations of a split are.

    Args:
        folder: The split.
        name: Of the folder in it.

    Raises:
        OptionError: Something that is no name.
        DatasetError: When there are none; names those there are.
    """
    if Path(name).name != name:
        raise OptionError(f"annotations={name!r}: expected the name of a folder in {folder}.")
    if not (file := folder / name / NAME).is_file():
        there = annotation_folders(folder)
        fix = f"choose one: annotations={there[0]}" if there else f"no folder {_FOLDERS} has any"
        raise DatasetError(
            f"{file} is not there. Folders with annotations: {', '.join(there) or 'none'} ({fix})."
        )
    return file


def read_annotations(file: Path) -> list[Annotation]:
    """Return the annotations in a file; of a stretch with several sentences one for each.

    Raises:
        DatasetError: When it is not what it should be; names the first row that is not.
    """
    content = read_dictionary(file, _PROBLEM)
    with reading(file, DatasetError, _PROBLEM):
        info, language = (_part(content, name, file) for name in ("info", "language"))
        spans, tasks, texts = (
            items(part) for part in (info["indx"], language["task"], language["ann"])
        )
        if not len(spans) == len(tasks) == len(texts):
            raise ValueError(f"{len(spans)} indx, {len(tasks)} task and {len(texts)} ann")
        if episodes := items(info.get("episodes", ())):
            raise ValueError(f"'episodes' holds {len(episodes)} entries, which nobody uses")
        rows = zip(spans, tasks, texts, strict=True)
        return [a for number, row in enumerate(rows) for a in _row(number, *row)]


def write_annotations(folder: Path, annotations: Sequence[Annotation]) -> None:
    """Write the annotations of a split, without sentence embeddings."""
    content = {
        "language": {
            "ann": [a.sentence for a in annotations],
            "task": [a.task for a in annotations],
        },
        "info": {"indx": [(a.first, a.last + 1) for a in annotations], "episodes": []},
    }
    path = folder / FOLDER / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.array(content, dtype=object), allow_pickle=True)


def _part(content: Mapping[Any, Any], name: str, file: Path) -> Mapping[Any, Any]:
    part = content[name]
    if not isinstance(part, dict):
        raise ValueError(f"{name!r} is {type(part).__name__}, expected a dictionary")
    if unknown := sorted(str(key)[:40] for key in part.keys() - _KNOWN[name]):
        warnings.warn(f"{file}: {name} has {', '.join(unknown)}: not used", stacklevel=2)
    return part


def _row(number: int, span: Any, task: Any, text: Any) -> Iterator[Annotation]:
    try:
        first, end = map(whole_number, items(span))
        (name,) = _texts(task)
        for sentence in _texts(text):
            yield Annotation(first, end - 1, name, sentence, number)
    except ValueError as error:
        raise ValueError(f"annotation {number}: {error}") from error


def _texts(value: Any) -> list[str]:
    """Return a text, or those in a list."""
    value = value.rows if isinstance(value, Stored) else value
    texts = [value] if isinstance(value, str) else items(value)
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"expected a text, got {type(value).__name__} of something else")
    return texts
