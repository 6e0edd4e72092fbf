"""Which files of an RLDS folder belong to a split, and whether all of them are there.

TFDS names them ``NAME-SPLIT.tfrecord-00003-of-00010`` and counts their records in
``dataset_info.json``; see https://www.tensorflow.org/datasets/external_tfrecord. A training that
reads its validation, or two thirds of its data, ends as any other and is worth less.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from vla_gym.datasets.tfrecord import record_places
from vla_gym.errors import DatasetError, OptionError

INFO: Final = "dataset_info.json"
ALL: Final = "all"
TRAIN: Final = "train"
SHARDS: Final = "*.tfrecord*"
_SHOWN = 3
_NAME: Final = re.compile(
    r"(?P<name>.+)-(?P<split>\w+)\.tfrecord-(?P<number>\d{5,9})-of-(?P<count>\d{5,9})", re.ASCII
)


def shards(folder: Path, split: str) -> list[Path]:
    """Return the files of a split in their order.

    Args:
        folder: ``.../NAME/VERSION``.
        split: Its name, or ``"all"``.

    Raises:
        OptionError: No such split; names those that are there.
        DatasetError: A file that is lost, named otherwise or of another data set.
    """
    there = _splits(folder)
    if split != ALL and split not in there:
        known = ", ".join([*there, ALL])
        raise OptionError(f"{folder} has no split {split!r}; option split: one of {known}.")
    chosen = sorted(there) if split == ALL else [split]
    return [shard for name in chosen for shard in _whole(name, there[name], folder)]


def places(folder: Path, split: str) -> list[tuple[Path, tuple[int, int]]]:
    """Return file and place of every record of a split.

    Raises:
        OptionError: No such split.
        DatasetError: A file that is lost or damaged, or has other than the counted records.
    """
    counted, found = _counted(folder), []
    for shard in shards(folder, split):
        match = _NAME.fullmatch(shard.name)
        records = record_places(shard)
        wanted = counted.get(match["split"] if match else "")
        if match and wanted is not None:
            number, count = int(match["number"]), int(match["count"])
            if len(wanted) != count or wanted[number] != len(records):
                raise DatasetError(
                    f"{shard} has {len(records)} episodes; {folder / INFO} counts {wanted} in the "
                    f"shards of {match['split']!r}. Fetch the folder again."
                )
        found += [(shard, place) for place in records]
    return found


def _splits(folder: Path) -> dict[str, list[re.Match[str]]]:
    """Return the files by split, as the names say."""
    found: dict[str, list[re.Match[str]]] = {}
    for path in sorted(folder.glob(SHARDS)):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise DatasetError(
                f"{path} is not named as a shard (NAME-SPLIT.tfrecord-00000-of-00001), so nobody "
                "knows which split it belongs to. Take it out or rename it."
            )
        found.setdefault(match["split"], []).append(match)
    return found


def _whole(split: str, files: Sequence[re.Match[str]], folder: Path) -> list[Path]:
    """Return the files of a split, none of which is lost."""
    first = files[0]
    name, count = first["name"], first["count"]
    for file in files:
        if (file["name"], file["count"]) != (name, count):
            raise DatasetError(
                f"{folder}: {first.string} and {file.string} are not of one data set; keep one."
            )
        if int(file["number"]) >= int(count):
            raise DatasetError(f"{folder}: {file.string} is no shard of {int(count)} files.")
    there = {int(file["number"]) for file in files}
    lost = [
        f"{name}-{split}.tfrecord-{number:0{len(count)}d}-of-{count}"
        for number in range(int(count))
        if number not in there
    ]
    if lost:
        more = f", ... ({len(lost)} in all)" if len(lost) > _SHOWN else ""
        raise DatasetError(
            f"{folder}: {', '.join(lost[:_SHOWN])}{more} not there. Fetch what is lost; without it "
            "the split is another one."
        )
    return [folder / file.string for file in files]


def _counted(folder: Path) -> dict[str, list[int]]:
    """Return how many records the shards of each split have, as far as the folder says."""
    path = folder / INFO
    if not path.is_file():
        return {}
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        return {
            split["name"]: [int(length) for length in split["shardLengths"]]
            for split in found.get("splits", ())
            if "shardLengths" in split
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DatasetError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
