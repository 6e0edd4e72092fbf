"""What happens to a result: journal first, then the watcher, then perhaps a video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vla_gym.records import EpisodeRecord, Executed, RunRecord
from vla_gym.replay.film import Film
from vla_gym.runner.journal import Journal
from vla_gym.runner.messages import EnvBuilt, Replay, Replayed
from vla_gym.runner.options import Video
from vla_gym.runner.progress import Watcher
from vla_gym.suites.spec import EpisodeSpec


class JournalRecorder:
    """Records into a journal and decides what is filmed.

    Args:
        journal: Open, and told which run it is.
        specs: All episodes of the suite.
        watcher: Is told what happens.
        video: Which episodes are filmed.
        max_videos: No more than this many in the directory; ``None`` is no limit.
    """

    def __init__(
        self,
        journal: Journal,
        specs: Sequence[EpisodeSpec],
        watcher: Watcher,
        *,
        video: Video,
        max_videos: int | None,
    ) -> None:
        """Count the videos that are there."""
        self._journal, self._specs, self._watcher = journal, specs, watcher
        self._video, self._max_videos = video, max_videos
        self._videos = sum(journal.video_path(e).exists() for e in journal.records)

    def unfilmed(self) -> list[int]:
        """Return recorded episodes that are to be filmed: their video was lost in a stop."""
        missing = (
            episode
            for episode, record in sorted(self._journal.records.items())
            if not self._journal.video_path(episode).exists() and self._interesting(record)
        )
        return [episode for episode in missing if self._place()]

    def finished(self, record: EpisodeRecord, executed: Executed) -> bool:
        """Record an episode; return whether it is to be filmed."""
        record = self._journal.append(record, executed)
        self._watcher.finished(record)
        if record.error is not None:
            first = record.error.splitlines()[0]
            self._watcher.note(f"episode {record.episode} ended in an error: {first}")
        return self._interesting(record) and self._place()

    @property
    def waiting(self) -> int:
        """Videos are written by workers; nothing waits here."""
        return 0

    def replay(self, episode: int) -> Replay | None:
        """Return what a worker needs to film an episode, if its actions are there."""
        executed = self._journal.executed(episode)
        if executed is None:
            self.warn(
                f"episode {episode} cannot be filmed: {self._journal.actions_path(episode)} is "
                "missing, damaged, or of another episode"
            )
            return None
        record, film = (
            self._journal.records[episode],
            Film(self._journal.video_path(episode).resolve()),
        )
        return Replay(episode, self._specs[episode], record, executed.actions, film)

    def replayed(self, message: Replayed) -> None:
        """Say when a video shows something else than the record; the record stands."""
        if message.problem:
            self.warn(f"{message.problem}; the record stands.")

    def replay_failed(self, episode: int, message: str) -> None:
        """Say that there is no video."""
        self.warn(f"episode {episode} could not be filmed: {message}")

    def environment(self, built: EnvBuilt) -> None:
        """Record what an environment says about itself, and whether workers disagree."""
        known = self._provenance["environments"]
        description = dict(built.description)
        if built.env_id not in known:
            self._update({"environments": {**known, built.env_id: description}})
        elif known[built.env_id] != description:
            self.warn(
                f"{built.env_id} describes itself in different ways in this run: "
                f"{known[built.env_id]} and {description}"
            )

    def warn(self, text: str) -> None:
        """Say and record something that should not have happened."""
        said = self._provenance["warnings"]
        if text not in said:
            self._watcher.note(f"Warning: {text}")
            self._update({"warnings": [*said, text]})

    @property
    def _run(self) -> RunRecord:
        assert self._journal.run is not None
        return self._journal.run

    @property
    def _provenance(self) -> dict[str, Any]:
        return dict(self._run.provenance)

    def _update(self, change: dict[str, Any]) -> None:
        provenance = {**self._provenance, **change}
        self._journal.update(self._run.model_copy(update={"provenance": provenance}))

    def _interesting(self, record: EpisodeRecord) -> bool:
        """Whether an episode is one of those that are filmed."""
        if self._video == "none" or not any(subtask.steps for subtask in record.subtasks):
            return False
        return self._video == "all" or not _solved(record)

    def _place(self) -> bool:
        """Take a place among the videos; false when there are enough."""
        if self._max_videos is not None and self._videos >= self._max_videos:
            return False
        self._videos += 1
        if self._videos == self._max_videos:
            self._watcher.note(f"{self._videos} videos are enough (max_videos); no more are made.")
        return True


def _solved(record: EpisodeRecord) -> bool:
    return record.error is None and bool(record.subtasks) and record.subtasks[-1].success


def log_path(out: Path) -> Path:
    """Return the file that gets what workers print."""
    return out / "workers.log"
