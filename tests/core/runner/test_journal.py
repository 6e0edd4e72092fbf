"""The journal keeps what it was given, whatever happens to the process or to the disk."""

from __future__ import annotations

import json
import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from vla_gym.errors import JournalError, ProtocolMismatchError
from vla_gym.records import EpisodeRecord, Executed, RunRecord, SubTaskRecord
from vla_gym.runner.journal import Journal


def record(episode: int, error: str | None = None) -> EpisodeRecord:
    done = SubTaskRecord(name="go", instruction="go on", success=error is None, steps=3)
    return EpisodeRecord(episode=episode, subtasks=(done,), error=error, timing={"seconds": 1.5})


def run_record(episodes: int = 3, **identity: object) -> RunRecord:
    return RunRecord(
        identity={"policy": {"name": "p", "options": {"a": 1}}, **identity},
        protocol={},
        provenance={},
        episodes=episodes,
        table="tasks",
        chain_length=1,
    )


def fill(out: Path, episodes: int = 2) -> bytes:
    with Journal(out) as journal:
        journal.begin(run_record())
        for episode in range(episodes):
            journal.append(record(episode), Executed(np.full((4, 7), float(episode))))
    return (out / "episodes.jsonl").read_bytes()


def test_what_is_appended_is_read_again(tmp_path: Path) -> None:
    fill(tmp_path)
    with Journal(tmp_path) as journal:
        assert journal.records == {0: record(0), 1: record(1)}
        executed = journal.executed(1)
        assert executed is not None
        np.testing.assert_array_equal(executed.actions, np.ones((4, 7)))
        assert executed.intended is None
        assert journal.executed(7) is None


def test_a_line_is_on_the_disk_when_append_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    path = tmp_path / "episodes.jsonl"
    with Journal(tmp_path) as journal:
        journal.begin(run_record())
        monkeypatch.setattr(
            "vla_gym.runner.journal.os.fsync", lambda fd: synced.append(path.read_bytes())
        )
        journal.append(record(0), Executed(np.zeros((1, 7))))
        assert synced[-1] == path.read_bytes() != b""


@pytest.mark.parametrize("rest", [b'{"episode": 7, "subt', b"\0\0\0\0", b'{"episode": 7}\n'])
def test_a_torn_last_line_is_cut_off(rest: bytes, tmp_path: Path) -> None:
    whole = fill(tmp_path)
    with (tmp_path / "episodes.jsonl").open("ab") as file:
        file.write(rest)
    with Journal(tmp_path) as journal:
        assert set(journal.records) == {0, 1}
        assert (tmp_path / "episodes.jsonl").read_bytes() == whole
        journal.append(record(2), Executed(np.zeros((1, 7))))
    lines = (tmp_path / "episodes.jsonl").read_text().splitlines()
    assert [json.loads(line)["episode"] for line in lines] == [0, 1, 2]


def test_a_corrupt_line_in_the_middle_is_named(tmp_path: Path) -> None:
    whole = fill(tmp_path)
    (tmp_path / "episodes.jsonl").write_bytes(b"nonsense\n" + whole)
    with pytest.raises(JournalError, match=r"episodes\.jsonl, line 1 is not an episode record"):
        Journal(tmp_path)


def test_a_disk_that_fills_up_leaves_whole_lines(tmp_path: Path) -> None:
    whole = fill(tmp_path, 3)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Journal(tmp_path) as journal:
        # The kernel writes a part of the line and then refuses, as on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 50, hard))
        try:
            with pytest.raises(JournalError, match=r"3 finished episodes are safe.*free"):
                journal.append(record(3), Executed(np.zeros((0, 0))))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, handler)
        assert (tmp_path / "episodes.jsonl").read_bytes() == whole
        journal.append(record(3), Executed(np.zeros((0, 0))))
    with Journal(tmp_path) as journal:
        assert set(journal.records) == {0, 1, 2, 3}


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(JournalError, match=r"in use by process \d+ on"):
        Journal(tmp_path)
    Journal(tmp_path).close()


def test_another_identity_is_refused_with_its_fields(tmp_path: Path) -> None:
    fill(tmp_path)
    other = run_record().model_copy(
        update={"identity": {"policy": {"name": "p", "options": {"a": 2, "b": True}}}}
    )
    with Journal(tmp_path) as journal, pytest.raises(ProtocolMismatchError) as caught:
        journal.begin(other)
    assert "policy.options.a: 1 there, 2 now" in str(caught.value)
    assert "policy.options.b: None there, True now" in str(caught.value)
    assert "policy.name" not in str(caught.value)


def test_the_number_of_episodes_grows_and_never_shrinks(tmp_path: Path) -> None:
    for asked, expected in [(3, 3), (5, 5), (2, 5)]:
        with Journal(tmp_path) as journal:
            journal.begin(run_record(asked))
            assert journal.run is not None
            assert journal.run.episodes == expected


def test_retrying_errors_forgets_them_on_disk(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.begin(run_record())
        for episode, error in enumerate([None, "RuntimeError: no", None]):
            journal.append(record(episode, error), Executed(np.zeros((1, 7))))
    with Journal(tmp_path, retry_errors=True) as journal:
        assert set(journal.records) == {0, 2}
        journal.append(record(1), Executed(np.zeros((1, 7))))
    with Journal(tmp_path) as journal:
        assert set(journal.records) == {0, 1, 2}


def test_a_journal_without_a_run_is_refused(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "run.json").unlink()
    with pytest.raises(JournalError, match=r"run\.json is missing"):
        Journal(tmp_path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match=r"file.*cannot be opened"):
        Journal(tmp_path / "file")
