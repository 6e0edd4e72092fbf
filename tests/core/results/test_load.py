"""From a run directory to results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vla_gym.errors import JournalError, OptionError
from vla_gym.results import load_results

Write = Callable[..., Path]
Make = Callable[..., Any]


def test_a_run_is_read_in_the_order_of_the_suite(write: Write, make_episode: Make) -> None:
    results = load_results(write([make_episode(2, [True]), make_episode(0, [False])]))
    assert [record.episode for record in results.records] == [0, 2]
    assert (results.policy, results.suite, results.missing) == ("guess", "boxes", 2)


def test_a_line_cut_off_by_a_kill_is_no_episode(write: Write) -> None:
    folder = write()
    journal = folder / "episodes.jsonl"
    journal.write_text(journal.read_text() + '{"episode": 4, "subt')
    assert len(load_results(folder).records) == 4


def test_an_episode_is_never_counted_twice(write: Write, make_episode: Make) -> None:
    results = load_results(write([make_episode(0, [True]), make_episode(0, [False])]))
    assert [record.solved for record in results.records] == [1]


def test_a_run_that_was_stopped_at_once_has_no_episodes(write: Write) -> None:
    folder = write()
    (folder / "episodes.jsonl").unlink()
    assert load_results(folder).records == ()


def test_a_broken_line_in_the_middle_is_named(write: Write) -> None:
    folder = write()
    journal = folder / "episodes.jsonl"
    journal.write_text("not json\n" + journal.read_text())
    with pytest.raises(JournalError, match="line 1 is not an episode record"):
        load_results(folder)


def test_another_directory_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"run\.json is missing"):
        load_results(tmp_path)


def test_a_run_file_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(JournalError, match="is not a run record"):
        load_results(tmp_path)
