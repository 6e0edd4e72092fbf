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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from vla_gym import files
from vla_gym.differences import differing
from vla_gym.error_text import summary
from vla_gym.errors import JournalError, ProtocolMismatchError
from vla_gym.records import (
    JOURNAL_FILE,
    RUN_FILE,
    EpisodeRecord,
    Executed,
    RunRecord,
    action_hash,
    read_executed,
    read_journal,
    read_run,
)
from vla_gym.suites.spec import EpisodeSpec

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
        self.out = out = out.absolute()  # a policy may change the working directory
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

    def check(self, episodes: Sequence[EpisodeSpec]) -> None:
        """Compare what is recorded with what the suite asks for.

        Raises:
            JournalError: When an episode is recorded that is not one of the suite's.
        """
        for index, record in self.records.items():
            if problem := _stranger(record, episodes):
                raise JournalError(
                    f"{self.out / JOURNAL_FILE} holds a record of episode {index} that {problem}. "
                    "The file was changed by something else; remove that line, or give another "
                    "directory."
                )

    def append(self, record: EpisodeRecord, executed: Executed) -> EpisodeRecord:
        """Record a finished episode; when this returns it is on the disk, and can be read again.

        Returns:
            What was recorded: an error, where the record itself could not be read again.

        Raises:
            JournalError: When it is not; what was recorded before is safe.
        """
        record, line = _line(record)
        with self._explained("written"):
            self._check_place()
            buffer = io.BytesIO()
            arrays: dict[str, Any] = executed.arrays()
            np.savez_compressed(buffer, **arrays)
            # Not synced: no number depends on it, and one fsync per episode is enough.
            files.write_atomically(self.actions_path(record.episode), buffer.getvalue())
            self._append_line(line)
        self.records[record.episode] = record
        return record

    def forget(self, episodes: Iterable[int]) -> None:
        """Remove episodes, so that they are run again."""
        gone = set(episodes) & self.records.keys()
        if gone:
            self._rewrite([r for r in self.records.values() if r.episode not in gone])

    def executed(self, episode: int) -> Executed | None:
        """Return what was executed in an episode, if the file is there, whole, and of it."""
        executed = read_executed(self.actions_path(episode))
        record = self.records.get(episode)
        if executed is None or record is None:
            return None
        return executed if record.actions in ("", action_hash(executed.actions)) else None

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
            self._drop_errors()

    def _drop_errors(self) -> None:
        """Rewrite the journal without the episodes that ended in an error."""
        self.forget([r.episode for r in self.records.values() if r.error is not None])

    def _rewrite(self, kept: Sequence[EpisodeRecord]) -> None:
        path = self.out / JOURNAL_FILE
        files.write_atomically(path, b"".join(_line(record)[1] for record in kept), sync=True)
        os.close(self._fd)
        self._fd = os.open(path, os.O_RDWR)
        os.lseek(self._fd, 0, os.SEEK_END)
        self.records = {record.episode: record for record in kept}

    def _check_place(self) -> None:
        """Make sure that what is written can be found again.

        Raises:
            OSError: When the file was removed or replaced; nobody would ever read what follows.
        """
        path, ours = self.out / JOURNAL_FILE, os.fstat(self._fd)
        there = path.stat() if path.exists() else None
        if there is None or (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
            what = "removed" if there is None else "replaced by another file"
            raise OSError(0, f"{path} was {what} while the run was writing to it")

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


def _line(record: EpisodeRecord) -> tuple[EpisodeRecord, bytes]:
    """Return a record and its line of the journal, which can be read again.

    Whatever an environment or a policy got into a record must not make the file unreadable.
    """
    try:
        line = record.model_dump_json().encode()
        if EpisodeRecord.model_validate_json(line) == record:
            return record, line + b"\n"
        problem = "it would not be read as it is written"
    except ValueError as error:  # pydantic's errors are of this kind
        problem = summary(error)
    whole = EpisodeRecord(
        episode=record.episode,
        group=record.group,
        seed=record.seed,
        subtasks=(),
        error=f"The record of this episode cannot be written: {problem}",
    )
    return whole, whole.model_dump_json().encode() + b"\n"


def _stranger(record: EpisodeRecord, episodes: Sequence[EpisodeSpec]) -> str:
    """Return why a record is of no episode of a suite; empty if it is of one."""
    if not 0 <= record.episode < len(episodes):
        return f"the suite does not have (it has 0 to {len(episodes) - 1})"
    spec = episodes[record.episode]
    if (record.seed, record.group) != (spec.seed, spec.group):
        return (
            f"has seed {record.seed} and group {record.group!r}, where the suite has {spec.seed} "
            f"and {spec.group!r}"
        )
    asked = [(s.name, s.instruction) for s in spec.subtasks]
    done = [(s.name, s.instruction) for s in record.subtasks]
    if done != asked[: len(done)]:
        return f"has the sub-tasks {[s for s, _ in done]}, the suite {[s for s, _ in asked]}"
    return ""


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
