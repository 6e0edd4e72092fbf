"""Files and folders that are there whole or not at all, however a process ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def shown(path: Path) -> Path:
    """Return a path as messages show it: from here, where it is below the working directory."""
    try:
        return path.relative_to(Path.cwd())
    except (OSError, ValueError):
        return path


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
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.partial-")
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
def replacing(path: Path, *, sync: bool = False) -> Iterator[Path]:
    """Yield a path to write a file to, which takes the place of ``path`` when the block succeeds.

    For what libraries write by themselves; one process at a time. What a killed one left behind is
    overwritten by the next.

    Args:
        path: The file; its directory is made. The path to write to ends alike.
        sync: It is there even if the power goes.

    Raises:
        OSError: When it cannot be made; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield partial
        if sync:
            _sync(partial)
        partial.replace(path)
        if sync:
            sync_directory(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what processes that were killed have left unfinished in a folder and below it.

    Only for a folder that nobody else is writing to.
    """
    for partial in folder.rglob(".*.partial*"):
        partial.unlink(missing_ok=True)


def make_folder(target: Path, fill: Callable[[Path], None]) -> Path:
    """Return ``target``, first made by ``fill(temporary_folder)`` if it does not exist.

    Several processes may make the same one: the slower ones throw their copy away.

    Raises:
        OSError: When it cannot be made; nothing is left behind.
    """
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fill(temporary)
        temporary.chmod(0o755)
        temporary.rename(target)
    except OSError:
        if not target.is_dir():  # a real failure; otherwise another process was faster
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


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
    _sync(path)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
