"""Who can read a folder of demonstrations. The core knows no format; plugins bring them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from vla_gym.datasets.demonstration import Dataset
from vla_gym.errors import DatasetError
from vla_gym.registry import format_of, registry, takes_option


class DatasetFormat(Protocol):
    """What a plugin offers for its folders; a module with these functions will do.

    It may also have ``audit(dataset, **options)``, which does every episode again in a simulator
    and yields a line for each that does not do what it says; and ``record(episodes, out)``, which
    writes ``vla_gym.runner.redo.Finished`` episodes whole and returns how many stretches.
    """

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
    found, given = _format(path), dict(options or {})
    for option in given:
        if not takes_option(found.open, option):
            raise DatasetError(f"The format of {path} has no option {option!r}.")
    return found.open(path, **given)


def audit_dataset(path: Path, options: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Yield what is wrong with the labels of a data set, found by doing its episodes again.

    Args:
        path: Its folder.
        options: Of its format and of the audit.

    Raises:
        DatasetError: When its episodes cannot be done again.
    """
    found, given = _format(path), dict(options or {})
    audit: Callable[..., Iterator[str]] | None = getattr(found, "audit", None)
    if audit is None:
        raise DatasetError(
            f"The episodes of {path} cannot be done again: its format knows no simulator."
        )
    mine = {key: value for key, value in given.items() if takes_option(audit, key)}
    dataset = open_dataset(path, {key: value for key, value in given.items() if key not in mine})
    yield from audit(dataset, **mine)


def _format(path: Path) -> DatasetFormat:
    if not path.is_dir():
        raise DatasetError(f"Data set {path} is not a folder.")
    found: DatasetFormat | None = format_of("datasets", path)
    if found is None:
        known = ", ".join(registry().names("datasets")) or "none is registered"
        raise DatasetError(f"No format reads {path} (formats: {known}).")
    return found
