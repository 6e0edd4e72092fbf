"""Who can read a folder of demonstrations. The core knows no format; plugins bring them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from vla_gym.datasets.demonstration import Dataset
from vla_gym.errors import DatasetError
from vla_gym.registry import registry


class DatasetFormat(Protocol):
    """What a plugin offers for its folders; a module with these functions will do."""

    def recognises(self, path: Path) -> bool:
        """Whether a folder looks like one of its own; must be cheap."""
        ...

    def open(self, path: Path, options: Mapping[str, Any]) -> Dataset:
        """Return the data set in a folder."""
        ...


def open_dataset(path: Path, options: Mapping[str, Any] | None = None) -> Dataset:
    """Return the data set in a folder, whatever its format.

    Raises:
        DatasetError: When it is not there, nobody reads it, or it is damaged.
    """
    if not path.is_dir():
        raise DatasetError(f"Data set {path} is not a folder.")
    names = registry().names("datasets")
    for name in names:
        found: DatasetFormat = registry().load("datasets", name)
        if found.recognises(path):
            return found.open(path, options or {})
    known = ", ".join(names) or "none is registered"
    raise DatasetError(f"No format reads {path} (formats: {known}).")
