"""Where LeRobot's files lie: patterns and paths that a foreign folder names, kept inside it.

``info.json`` holds patterns such as ``data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet``.
A folder comes from strangers: a pattern may not lead out of it, and Python's format language
reaches further than a number in a name.
"""

from __future__ import annotations

import re
import string
from pathlib import Path, PurePosixPath, PureWindowsPath

from vla_gym.errors import DatasetError

_WIDTH = re.compile(r"(0?[1-9]?d?)?")


def inside(root: Path, path: str, *, where: str) -> Path:
    """Return a path in a folder.

    Args:
        root: The folder.
        path: Relative to it, as a file says.
        where: What says so, for messages.

    Raises:
        DatasetError: When it is absolute or leads upwards.
    """
    posix = PurePosixPath(path)
    outside = posix.is_absolute() or PureWindowsPath(path).drive or PureWindowsPath(path).root
    if outside or ".." in posix.parts or "\\" in path or "\0" in path or not path:
        raise DatasetError(
            f"{where} is {path!r}, expected a path inside the data set, relative to its folder and "
            "without '..': a foreign folder may not reach other files."
        )
    return root / posix


def place(root: Path, pattern: str, *, where: str, **values: int | str) -> Path:
    """Return the file that a pattern stands for.

    Args:
        root: The folder of the data set.
        pattern: Such as ``"data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"``.
        where: What says so, for messages.
        **values: What may stand in it.

    Raises:
        DatasetError: When it holds something else, or leads out of the folder.
    """
    try:
        parts = list(string.Formatter().parse(pattern))
    except ValueError as error:
        raise DatasetError(f"{where} is {pattern!r}, which is no pattern: {error}.") from error
    for _, name, width, conversion in parts:
        if name is None:
            continue
        if name not in values or conversion or not _WIDTH.fullmatch(width or ""):
            known = ", ".join(f"{{{value}}}" for value in values)
            raise DatasetError(
                f"{where} is {pattern!r}, expected a pattern of {known} with a width such as 03d."
            )
    try:
        path = pattern.format(**values)
    except ValueError as error:  # a width of digits for a name
        raise DatasetError(f"{where} is {pattern!r}: {error}.") from error
    return inside(root, path, where=where)
