"""Who can read a folder of demonstrations. The core knows no format; plugins bring them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from vla_gym.datasets.demonstration import Dataset
from vla_gym.errors import DatasetError
from vla_gym.options import options_model, validated
from vla_gym.plugins import DatasetEntry
from vla_gym.registry import format_of, registry


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
    entry, found = _format(path)
    return found.open(path, **_set(entry.options, options or {}, path))


def audit_dataset(path: Path, options: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Yield what is wrong with the labels of a data set, found by doing its episodes again.

    Args:
        path: Its folder.
        options: Of its format and of the audit.

    Raises:
        DatasetError: When its episodes cannot be done again.
    """
    entry, found = _format(path)
    audit: Callable[..., Iterator[str]] | None = getattr(found, "audit", None)
    if audit is None:
        raise DatasetError(
            f"The episodes of {path} cannot be done again: its format knows no simulator."
        )
    given, known = dict(options or {}), options_model(entry.audit_options).model_fields
    mine = {key: value for key, value in given.items() if key in known}
    dataset = open_dataset(path, {key: value for key, value in given.items() if key not in mine})
    yield from audit(dataset, **_set(entry.audit_options, mine, path))


def _set(model: str, given: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the options that were given, validated."""
    options = validated(options_model(model), given, where=f"The format of {path}")
    return {name: getattr(options, name) for name in options.model_fields_set}


def _format(path: Path) -> tuple[DatasetEntry, DatasetFormat]:
    if not path.is_dir():
        raise DatasetError(f"Data set {path} is not a folder.")
    found = format_of(DatasetEntry, path)
    if found is None:
        known = ", ".join(registry().names(DatasetEntry)) or "none is registered"
        raise DatasetError(f"No format reads {path} (formats: {known}).")
    return found
