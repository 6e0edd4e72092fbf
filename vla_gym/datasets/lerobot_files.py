"""Reading LeRobot's files: whatever is in them, what comes back is values or a ``DatasetError``."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from vla_gym.errors import DatasetError, MissingDependencyError


def arrow() -> ModuleType:
    """Return ``pyarrow``.

    Raises:
        MissingDependencyError: When it is not installed.
    """
    parquet()
    return importlib.import_module("pyarrow")


def parquet() -> ModuleType:
    """Return ``pyarrow.parquet``.

    Raises:
        MissingDependencyError: When it is not installed.
    """
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise MissingDependencyError(
            "LeRobot data sets need pyarrow: pip install 'vla-gym[datasets]'"
        ) from None


def read_json(file: Path) -> dict[str, Any]:
    """Return the mapping in a JSON file.

    Raises:
        DatasetError: When it cannot be read or holds something else.
    """
    try:
        return _mapping(file.read_bytes(), str(file))
    except OSError as error:
        raise DatasetError(f"{file} cannot be read: {error}") from error


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the mappings in a file of JSON lines.

    Raises:
        DatasetError: When it cannot be read; names the line.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise DatasetError(f"{file} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _mapping(line, f"{file}, line {number}")


def read_table(
    file: Path, columns: Sequence[str] | None = None, *, episode: int | None = None
) -> Any:
    """Return a parquet file as an Arrow table.

    Args:
        file: The file.
        columns: Of these names only; all if ``None``.
        episode: Only the rows of this ``episode_index``.

    Raises:
        DatasetError: When it cannot be read or has no such column.
    """
    if columns is not None:
        there = columns_of(file)
        absent = [name for name in columns if name not in there]
        if absent:
            raise DatasetError(
                f"{file} has no column {', '.join(map(repr, absent))}. Its columns: "
                f"{', '.join(there)}."
            )
    chosen = None if episode is None else [("episode_index", "=", episode)]
    with _Guard(file):
        return parquet().read_table(
            file, columns=None if columns is None else list(columns), filters=chosen
        )


def first_row(file: Path) -> dict[str, Any]:
    """Return the first row of a parquet file, by column; empty where it has none.

    Raises:
        DatasetError: When it cannot be read.
    """
    with _Guard(file), parquet().ParquetFile(file) as opened:
        for batch in opened.iter_batches(batch_size=1):
            row: dict[str, Any] = batch.to_pylist()[0]
            return row
    return {}


def columns_of(file: Path) -> list[str]:
    """Return the names of a parquet file's columns.

    Raises:
        DatasetError: When it cannot be read.
    """
    with _Guard(file):
        return list(parquet().read_schema(file).names)


class _Guard:
    """Turns what Arrow raises for a damaged file into a ``DatasetError``."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> None:
        if not self._file.is_file():
            raise DatasetError(f"{self._file} cannot be read: no such file.")
        arrow()

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: object) -> None:
        if kind is None or issubclass(kind, DatasetError):
            return
        if issubclass(kind, (OSError, ValueError, arrow().ArrowException)):
            raise DatasetError(f"{self._file} cannot be read: {error}") from error


def _mapping(text: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise DatasetError(f"{where} holds {type(found).__name__}, expected a mapping.")
    return found
