"""Files that are there whole or not at all, however a process ends and whoever else writes them."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Write a file so that a reader (or a crash) sees the old one or the new one, never a part.

    Args:
        path: The file; its directory is made.
        data: All of its content.
        sync: It is there even if the power goes.

    Raises:
        OSError: When it cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    partial = Path(name)
    try:
        try:
            os.fchmod(fd, 0o644)  # mkstemp makes files private
            write_all(fd, data)
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    if sync:
        sync_directory(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process holds this file, then hold it; also a killed one lets it go.

    Raises:
        OSError: When it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``; a full disk takes only a part and says so at the next try."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_directory(path: Path) -> None:
    """Make new names in a directory durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
