"""Who can read a folder of demonstrations. The core knows no format; plugins bring them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from vla_gym.datasets.demonstration import Dataset
from vla_gym.errors import DatasetError
from vla_gym.registry import format_of, registry, takes_option


class DatasetFormat(Protocol):
    """What a plugin offers for its folders; a module with these functions will do."""

    def recognises(self, path: Path) -> bool:
        """Whether a folder looks like one of its own; must be cheap."""
        ...

    @property
    def open(self) -> Callable[..., Dataset]:
        """``open(path, **options)``: the data set in a folder."""
        ...


def open_dataset(path: Path, options: Mapping[str, Any] | None = None) -> Dataset:
    """Return the data set in a folder, whatever its format.

    Raises:
        DatasetError: When it is not there, nobody reads it, or it is damaged.
    """
    if not path.is_dir():
        raise DatasetError(f"Data set {path} is not a folder.")
    found: DatasetFormat | None = format_of("datasets", path)
    if found is None:
        known = ", ".join(registry().names("datasets")) or "none is registered"
        raise DatasetError(f"No format reads {path} (formats: {known}).")
    for option in options or {}:
        if not takes_option(found.open, option):
            raise DatasetError(f"The format of {path} has no option {option!r}.")
    return found.open(path, **(options or {}))
