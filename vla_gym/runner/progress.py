"""What a user sees while a run goes on: how far, how fast, how well, how long still.

On a terminal it is a bar; in a log file an occasional line.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from vla_gym.records import EpisodeRecord

LINE_SECONDS = 30.0
"""How often a line is written where there is no terminal."""


class Watcher(Protocol):
    """Somebody who is told how a run goes."""

    def finished(self, record: EpisodeRecord) -> None:
        """Learn that an episode was recorded."""
        ...

    def note(self, text: str) -> None:
        """Report an event."""
        ...


class NullWatcher:
    """Ignores every event."""

    def finished(self, record: EpisodeRecord) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Ignore it."""


class Tallies:
    """Success so far, in the terms of the suite."""

    def __init__(self, *, chain_length: int) -> None:
        """Count nothing yet."""
        self._chain = chain_length > 1
        self.episodes = self.errors = self._solved = self._full = 0
        self._new = 0
        self._began = time.monotonic()

    def add(self, record: EpisodeRecord, *, new: bool) -> None:
        """Count an episode, recorded just now or found in the journal."""
        self.episodes += 1
        self._new += new
        self.errors += record.error is not None
        if record.error is None:
            self._solved += record.solved
            self._full += bool(record.subtasks) and record.subtasks[-1].success

    @property
    def text(self) -> str:
        """Success, errors and rate in a few words."""
        if not self.episodes:
            return ""
        if self._chain:
            success = f"average length {self._solved / self.episodes:.2f}"
        else:
            success = f"success {100 * self._full / self.episodes:.1f} %"
        minutes = max(1e-9, time.monotonic() - self._began) / 60
        rate = f", {self._new / minutes:.1f} episodes/min" if self._new else ""
        errors = f", {self.errors} errors" if self.errors else ""
        return success + rate + errors


class ProgressBar:
    """Draws on a terminal, or writes lines.

    Args:
        total: Episodes in all.
        chain_length: Longest chain of the suite.
        done: What the journal holds already.
        console: Where to; standard error if ``None``.
    """

    def __init__(
        self,
        total: int,
        *,
        chain_length: int,
        done: list[EpisodeRecord],
        console: Console | None = None,
    ) -> None:
        """Show nothing yet."""
        self._console = console or Console(stderr=True)
        self._total = total
        self._tallies = Tallies(chain_length=chain_length)
        for record in done:
            self._tallies.add(record, new=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[text]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._said = time.monotonic()

    def __enter__(self) -> ProgressBar:
        """Begin to draw."""
        self._progress.start()
        self._task = self._progress.add_task(
            "episodes",
            total=self._total,
            completed=self._tallies.episodes,
            text=self._tallies.text,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing."""
        self._progress.stop()

    def finished(self, record: EpisodeRecord) -> None:
        """Count an episode."""
        self._tallies.add(record, new=True)
        if self._task is not None:
            self._progress.update(self._task, advance=1, text=self._tallies.text)
        if not self._console.is_terminal and self._due():
            self._say(f"{self._tallies.episodes}/{self._total} episodes, {self._tallies.text}")

    def note(self, text: str) -> None:
        """Write a line above the bar."""
        self._say(text)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    def _due(self) -> bool:
        now = time.monotonic()
        last = self._tallies.episodes >= self._total
        if not last and now - self._said < LINE_SECONDS:
            return False
        self._said = now
        return True
