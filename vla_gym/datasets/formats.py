"""Who can read a folder of demonstrations. The core knows no format; plugins bring them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from vla_gym.datasets.demonstration import Dataset, Footage
from vla_gym.datasets.specs import explained
from vla_gym.errors import DatasetError
from vla_gym.options import options_model, validated
from vla_gym.plugins import DatasetEntry
from vla_gym.records import EpisodeRecord, Executed
from vla_gym.registry import format_of, registry


class DatasetFormat(Protocol):
    """What a plugin offers for its folders; a module with these functions will do.

    It may also have ``describe(path)``, which yields lines on a folder whose numbers nobody has
    explained, such as its columns; ``audit(dataset, **options)``, which does every episode again in
    a simulator and yields a line for each that does not do what it says; and ``recorder(out)``,
    which returns an ``EpisodeRecorder``.
    """

    def recognises(self, path: Path) -> bool:
        """Whether a folder looks like one of its own; must be cheap."""
        ...

    @property
    def open(self) -> Callable[..., Dataset]:
        """``open(path, **options)``: the data set in a folder."""
        ...


class EpisodeRecorder(Protocol):
    """Writes whole episodes into a folder that holds none yet."""

    @property
    def info(self) -> Sequence[str]:
        """Names in ``info`` that it needs beside pictures and proprioception."""
        ...

    def add(self, record: EpisodeRecord, executed: Executed, footage: Footage) -> None:
        """Write an episode: how it went, what was executed and what was seen before each step."""
        ...

    def close(self) -> int:
        """Finish the folder; return how many stretches it describes."""
        ...


def episode_recorder(name: str) -> Callable[[Path], EpisodeRecorder]:
    """Return what makes the recorder of a registered format.

    Raises:
        UnknownNameError: No such format.
        DatasetError: When it cannot record whole episodes.
    """
    found: Any = registry().load(DatasetEntry, name)
    made: Callable[[Path], EpisodeRecorder] | None = getattr(found, "recorder", None)
    if made is None:
        raise DatasetError(f"Format {name!r} cannot record whole episodes (it has no recorder()).")
    return made


def load_dataset(path: Path, options: Mapping[str, Any] | None = None) -> Dataset:
    """Return the data set in a folder, whatever its format.

    Args:
        path: The folder.
        options: Of its format; ``spec`` may be the path of a YAML file, or a registered name.

    Raises:
        DatasetError: When it is not there, nobody reads it, or it is damaged.
    """
    entry, found = _format(path)
    return found.open(path, **_set(entry.options, explained(options or {}, entry.name), path))


def describe_folder(path: Path) -> Iterator[str]:
    """Yield what can be said of a folder before its numbers are explained; nothing if nothing.

    Raises:
        DatasetError: When nobody reads it, or it is damaged.
    """
    _, found = _format(path)
    describe: Callable[[Path], Iterator[str]] | None = getattr(found, "describe", None)
    if describe is not None:
        yield from describe(path)


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
    dataset = load_dataset(path, {key: value for key, value in given.items() if key not in mine})
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
