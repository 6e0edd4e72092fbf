"""Records that do not belong there, files that move, actions that are lost: each has its answer."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vla_gym.collection.collect import collect
from vla_gym.errors import JournalError
from vla_gym.records import EpisodeRecord, Executed, SubTaskRecord, read_executed, read_run
from vla_gym.runner.journal import Journal
from vla_gym.testing import MockPolicy, MockWorld, mock_suite
from vla_gym.testing.chaos import comparable_lines


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "episodes.jsonl").read_text().splitlines()]


def change(out: Path, **fields: Any) -> None:
    """Change the first record."""
    first, *rest = lines(out)
    text = "".join(json.dumps(line) + "\n" for line in [{**first, **fields}, *rest])
    (out / "episodes.jsonl").write_text(text)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"episode": 999}, r"episode 999 that the suite does not have \(it has 0 to 5\)"),
        ({"episode": -1}, "episode -1 that the suite does not have"),
        ({"seed": 77}, "has seed 77"),
        ({"group": "another"}, "group 'another'"),
        (
            {
                "subtasks": [
                    {**SubTaskRecord(name="x", instruction="", success=True, steps=1).model_dump()}
                ]
            },
            r"has the sub-tasks \['x'\]",
        ),
    ],
)
def test_a_record_that_is_not_of_the_suite_is_refused(
    fields: dict[str, Any], says: str, run: Any, tmp_path: Path
) -> None:
    run(limit=2)
    change(tmp_path / "run", **fields)
    with pytest.raises(JournalError, match=f"(?s){says}.*remove that line"):
        run(limit=2)


def test_another_form_of_files_is_refused(run: Any, tmp_path: Path) -> None:
    run(limit=1)
    path = tmp_path / "run" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 2}))
    with pytest.raises(JournalError, match=r"(?s)not a run record.*version"):
        run(limit=1)


class Moving(MockPolicy):
    """Does something to the directory of the run in its second episode."""

    def __init__(self, act: Any) -> None:
        super().__init__()
        self._do: Any = act

    def reset(self, slots: Any) -> None:
        super().reset(slots)
        if self._do and slots[0].episode == 2:
            self._do, do = None, self._do
            do()


@pytest.mark.parametrize("how", ["removed", "replaced by another file"])
def test_a_journal_that_is_gone_stops_the_run_at_once(how: str, run: Any, tmp_path: Path) -> None:
    path = tmp_path / "run" / "episodes.jsonl"

    def move() -> None:
        text = path.read_bytes()
        path.unlink()
        if how != "removed":
            path.write_bytes(text)

    with pytest.raises(JournalError, match=f"was {how} while the run was writing"):
        run(Moving(move), workers=1)


def test_a_policy_that_changes_the_directory_changes_nothing_else(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vla_gym.testing.policy.MockPolicy.name", "mock", raising=False)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    results = run(Moving(lambda: os.chdir(elsewhere)), workers=1, out="moved")
    assert len(results.records) == 6
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("name", ["d", "success"])
def test_a_metric_that_is_none_is_an_error_of_its_episode_and_the_run_is_whole(
    name: str, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = MockWorld._details

    def broken(self: Any) -> Any:
        found = dict(details(self))
        if self.elapsed == 3:
            found["metrics"] = {"d": float("nan")}
        return found

    monkeypatch.setattr(MockWorld, "_details", broken)
    results = run(limit=2)
    assert [r.error.splitlines()[0][:16] for r in results.errors] == ["ObservationError"] * 2
    before = comparable_lines(tmp_path / "run")
    assert len(run(limit=2).records) == 2
    assert comparable_lines(tmp_path / "run") == before


def test_nan_of_the_robot_is_seen(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    state = MockWorld._state
    monkeypatch.setattr(MockWorld, "_state", lambda self: [np.nan, *state(self)[1:]])
    results = run(limit=1)
    assert "proprioception_not_finite" in results.records[0].diagnosis


def test_a_record_that_cannot_be_read_again_becomes_an_error(tmp_path: Path) -> None:
    subtask = SubTaskRecord.model_construct(
        name="\udcff", instruction="", success=True, steps=1, metrics={"d": float("nan")}
    )
    record = EpisodeRecord.model_construct(episode=0, group="", seed=0, subtasks=(subtask,))
    with Journal(tmp_path) as journal, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = journal.append(record, Executed(np.zeros((1, 7))))
    assert written.error is not None
    with Journal(tmp_path / "x"):
        pass
    assert lines(tmp_path)[0]["error"].startswith("The record of this episode cannot be written")


def forged() -> bytes:
    """Return the header of an array of 7 TiB."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1), }"
    header += b" " * (64 - (len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    "damage", ["empty", "text", "forged", "cut", "other"], ids=lambda name: str(name)
)
def test_actions_that_are_lost_cost_no_resume(damage: str, run: Any, tmp_path: Path) -> None:
    run(MockPolicy(competence=0.0), limit=2, video="none")
    path = tmp_path / "run" / "actions" / "000000.npz"
    if damage == "forged":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("actions.npy", forged())
    elif damage == "other":
        np.savez(path, actions=np.zeros((5, 7)))
    else:
        path.write_bytes({"empty": b"", "text": b"no archive"}.get(damage, path.read_bytes()[:90]))
    assert damage == "other" or read_executed(path) is None
    run(MockPolicy(competence=0.0), limit=2, video="all")
    said = json.loads((tmp_path / "run" / "run.json").read_text())["provenance"]["warnings"]
    assert any("episode 0 cannot be filmed" in text for text in said)
    assert (tmp_path / "run" / "videos" / "000001.mp4").exists()


def test_collecting_runs_again_what_is_lost(threads: None, tmp_path: Path) -> None:
    def go(name: str) -> Any:
        return collect(
            MockPolicy(competence=1.0), mock_suite(3), tmp_path / name, workers=1, progress=False
        )

    whole = len(go("whole"))
    go_first = tmp_path / "broken" / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vla_gym.collection.collect.replay_all", lambda *_, **__: None)
        go("broken")
    (go_first / "actions" / "000001.npz").write_bytes(b"")
    with pytest.warns(UserWarning, match="actions of episodes \\[1\\] are lost"):
        assert len(go("broken")) == whole


def test_a_run_of_chains_beyond_any_table_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    whole = {"identity": {}, "protocol": {}, "provenance": {}, "episodes": 1, "table": "chain"}
    file.write_text(json.dumps({**whole, "version": 1, "chain_length": 5}))
    assert read_run(file).chain_length == 5
    file.write_text(json.dumps({**whole, "version": 1, "chain_length": 2**31}))
    with pytest.raises(JournalError, match="chain_length"):
        read_run(file)
