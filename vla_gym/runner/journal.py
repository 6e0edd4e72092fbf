"""What a run has found out, safe on disk the moment an episode ends.

``DIR/episodes.jsonl`` holds one line per episode, written whole, flushed and fsynced before
anything else happens; ``DIR/actions/<episode>.npz`` the executed actions and what a policy intended
instead; ``DIR/run.json`` what is run. A line that was cut off (by a kill or a full disk) is
removed before anything is added, so the file is whole whenever it is read. A lock keeps a second
run out of the same directory.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from vla_gym import files
from vla_gym.differences import differing
from vla_gym.errors import JournalError, ProtocolMismatchError
from vla_gym.records import (
    JOURNAL_FILE,
    RUN_FILE,
    EpisodeRecord,
    Executed,
    RunRecord,
    read_journal,
    read_run,
)

ACTIONS_DIR = "actions"
VIDEOS_DIR = "videos"
LOCK_FILE = ".lock"
RESUME_HINT = "run the same command again and it goes on where it stopped"


class Journal:
    """The directory of one run, open for writing.

    Attributes:
        out: The directory.
        records: What has been recorded, by episode.
    """

    def __init__(self, out: Path, *, retry_errors: bool = False) -> None:
        """Lock the directory, repair what a kill left behind, and read what is there.

        Args:
            out: Made if it does not exist.
            retry_errors: Forget episodes that ended in an error, so that they are run again.

        Raises:
            JournalError: When it is in use, unreadable, or not writable.
        """
        self.out = out
        self.records: dict[int, EpisodeRecord] = {}
        self._run: RunRecord | None = None
        self._fd = -1
        with self._explained("opened"):
            out.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(out)
        try:
            with self._explained("opened"):
                self._open(retry_errors)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        """Return the journal; it is closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @property
    def run(self) -> RunRecord | None:
        """The run that the directory belongs to, if it belongs to one already."""
        return self._run

    def begin(self, run: RunRecord) -> None:
        """Say which run this is; the number of episodes asked for may only have grown.

        Raises:
            ProtocolMismatchError: When the directory belongs to another run.
        """
        if self._run is not None:
            check_same_run(self.out, self._run.identity, run.identity)
            run = run.model_copy(update={"episodes": max(run.episodes, self._run.episodes)})
        self.update(run)

    def update(self, run: RunRecord) -> None:
        """Write ``run.json`` anew, whole or not at all."""
        text = json.dumps(run.model_dump(mode="json"), indent=1, ensure_ascii=False)
        with self._explained("written"):
            files.write_atomically(self.out / RUN_FILE, text.encode() + b"\n", sync=True)
        self._run = run

    def append(self, record: EpisodeRecord, executed: Executed) -> None:
        """Record a finished episode; when this returns it is on the disk.

        Raises:
            JournalError: When it is not; what was recorded before is safe.
        """
        with self._explained("written"):
            buffer = io.BytesIO()
            arrays: dict[str, Any] = executed.arrays()
            np.savez_compressed(buffer, **arrays)
            # Not synced: no number depends on it, and one fsync per episode is enough.
            files.write_atomically(self.actions_path(record.episode), buffer.getvalue())
            self._append_line(record.model_dump_json().encode() + b"\n")
        self.records[record.episode] = record

    def executed(self, episode: int) -> Executed | None:
        """Return what was executed in an episode, if the file is there and whole."""
        try:
            with np.load(self.actions_path(episode)) as data:
                return Executed(data["actions"], data.get("intended"), data.get("demonstrates"))
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
            return None

    def actions_path(self, episode: int) -> Path:
        """Return where the actions of an episode are."""
        return self.out / ACTIONS_DIR / f"{episode:06d}.npz"

    def video_path(self, episode: int) -> Path:
        """Return where the video of an episode is."""
        return self.out / VIDEOS_DIR / f"{episode:06d}.mp4"

    def close(self) -> None:
        """Close the file and release the directory."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _open(self, retry_errors: bool) -> None:
        run_file = self.out / RUN_FILE
        self._run = read_run(run_file) if run_file.exists() else None
        path = self.out / JOURNAL_FILE
        if self._run is None and path.exists() and path.stat().st_size:
            raise JournalError(
                f"{path} holds results and {RUN_FILE} is missing, so nobody knows of what. Give "
                "another directory, or move the file away."
            )
        (self.out / ACTIONS_DIR).mkdir(exist_ok=True)
        (self.out / VIDEOS_DIR).mkdir(exist_ok=True)
        files.sweep(self.out)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self.records, whole = read_journal(path)
        if whole < os.fstat(self._fd).st_size:
            os.ftruncate(self._fd, whole)
        os.lseek(self._fd, 0, os.SEEK_END)
        os.fsync(self._fd)
        files.sync_directory(self.out)
        if retry_errors:
            self._drop_errors(path)

    def _drop_errors(self, path: Path) -> None:
        """Rewrite the journal without the episodes that ended in an error."""
        kept = [record for record in self.records.values() if record.error is None]
        if len(kept) == len(self.records):
            return
        lines = b"".join(r.model_dump_json().encode() + b"\n" for r in kept)
        files.write_atomically(path, lines, sync=True)
        os.close(self._fd)
        self._fd = os.open(path, os.O_RDWR)
        os.lseek(self._fd, 0, os.SEEK_END)
        self.records = {record.episode: record for record in kept}

    def _append_line(self, line: bytes) -> None:
        before = os.fstat(self._fd).st_size
        try:
            files.write_all(self._fd, line)
            os.fsync(self._fd)
        except OSError:
            # A part of the line may be there; it goes, so that the file stays whole.
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, before)
                os.lseek(self._fd, 0, os.SEEK_END)
            raise

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Turn what the system says into what the user should know."""
        try:
            yield
        except OSError as error:
            raise JournalError(
                f"The journal in {self.out} cannot be {what}: {error.strerror or error}. "
                f"{len(self.records)} finished episodes are safe there. Repair the cause (free "
                f"some space, check permissions), then {RESUME_HINT}."
            ) from error


def check_same_run(out: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Compare the identities of two runs.

    Raises:
        ProtocolMismatchError: Naming the fields that differ.
    """
    found = differing(old, new)
    if not found:
        return
    lines = [f"  {key}: {before!r} there, {after!r} now" for key, before, after in found[:12]]
    more = [f"  ... and {len(found) - 12} more"] if len(found) > 12 else []
    raise ProtocolMismatchError(
        "\n".join(
            [
                f"{out} holds results of another run, and results of different runs are never "
                "mixed. These differ:",
                *lines,
                *more,
                "Give another directory, or the options of that run to go on with it.",
            ]
        )
    )


def _lock(out: Path) -> int:
    """Take the lock of a directory; the kernel gives it back however the process ends."""
    fd = os.open(out / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(fd, 100).decode(errors="replace").strip() or "another process"
        os.close(fd)
        raise JournalError(
            f"{out} is in use by {owner}. Wait for that run to end, or give another directory."
        ) from None
    except OSError as error:
        warnings.warn(f"{out} cannot be locked ({error}): start no second run there", stacklevel=4)
    # The text is a courtesy to whoever is refused; a full disk must not matter here.
    with contextlib.suppress(OSError):
        os.ftruncate(fd, 0)
        os.write(fd, f"process {os.getpid()} on {os.uname().nodename}\n".encode())
    return fd
