"""Turning a data set of any format into LeRobot v3; a conversion that was stopped goes on.

Every episode remembers which folder it was converted from and what was in it. So a folder that was
begun from something else (another data set, another choice of options, a ``collect``) is refused,
where going on would mix the two and leave episodes out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from vla_gym.datasets.demonstration import Dataset, Demonstration
from vla_gym.datasets.lerobot_writer import LeRobotWriter
from vla_gym.errors import DatasetError

CONVERTED: Final = "converted"
"""In ``source`` of an episode: where it was converted from, and the digest of its numbers."""


def convert(dataset: Dataset, path: Path, out: Path) -> int:
    """Write a data set as LeRobot v3, or go on writing it; return how many episodes are there.

    Args:
        dataset: What is converted.
        path: Its folder.
        out: The folder to write.

    Raises:
        DatasetError: When ``out`` was begun with something else, or an episode is damaged.
    """
    writer = LeRobotWriter(out, dataset.spec)
    _check_origin(writer, dataset, path)
    for number in range(len(writer), len(dataset.lengths)):
        demonstration = dataset.episode(number)
        source = {**demonstration.source, CONVERTED: _origin(demonstration, path)}
        writer.add(replace(demonstration, source=source))
    writer.close()
    return len(writer)


def _check_origin(writer: LeRobotWriter, dataset: Dataset, path: Path) -> None:
    """Refuse to go on where the episodes that are there are not the first ones of a data set."""
    there = len(dataset.lengths)
    if len(writer) > there:
        raise DatasetError(
            f"{writer.root} was begun with another source: it holds {len(writer)} episodes, {path} "
            f"{there}. Give another --out."
        )
    for number, source in enumerate(writer.sources):
        found, wanted = source.get(CONVERTED), _origin(dataset.episode(number, images=False), path)
        if found != wanted:
            raise DatasetError(
                f"{writer.root} was begun with another source: its episode {number} is "
                f"{_named(found)}, that of {path} is {_named(wanted)}. Give another --out."
            )


def _origin(demonstration: Demonstration, path: Path) -> dict[str, str]:
    digest = hashlib.sha256(demonstration.instruction.encode(errors="replace"))
    for numbers in (demonstration.proprioception, demonstration.actions, demonstration.targets):
        digest.update(np.ascontiguousarray(numbers).tobytes())
    return {"from": str(path.resolve()), "digest": digest.hexdigest()[:16]}


def _named(origin: Any) -> str:
    if not isinstance(origin, Mapping):
        return "not a converted one"
    return f"{origin.get('digest')} from {origin.get('from')}"
