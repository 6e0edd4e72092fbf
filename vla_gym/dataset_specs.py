"""The kind of entries that say what the numbers of a known data set mean.

Apart from ``vla_gym.datasets``, so that a plugin can name one without importing the readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vla_gym.plugins import Entry


@dataclass(frozen=True)
class DatasetSpecEntry(Entry):
    """What the numbers of a known data set mean, wherever ``spec`` is asked for.

    ``target`` is ``f()`` that returns a ``DatasetSpec``, a ``vla_gym.datasets.specs.SpecFile`` as a
    mapping, or the ``Path`` of a YAML file with either.
    """

    kind: ClassVar[str] = "dataset-specs"
    word: ClassVar[str] = "data set spec"
