"""Collecting: what an expert did is recorded frame by frame, however often it was stopped."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vla_gym.collection.collect import collect
from vla_gym.collection.whole import record
from vla_gym.datasets import load_dataset
from vla_gym.datasets.conversion import convert
from vla_gym.errors import DatasetError, RunnerError
from vla_gym.records import Executed
from vla_gym.replay.drive import make_env
from vla_gym.replay.frames import Frames
from vla_gym.runner import evaluation
from vla_gym.runner.journal import Journal
from vla_gym.runner.options import RunOptions
from vla_gym.runner.replays import recorded, replay_all
from vla_gym.testing import MockPolicy, ThreadWorkers, mock_suite

pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")

SUITE = mock_suite(4, chain=2)


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "LocalWorkers", ThreadWorkers)


def gather(out: Path, **options) -> list[dict]:
    settings = {"workers": 1, "progress": False, **options}
    return collect(MockPolicy(), SUITE, out=out, **settings).sources


def test_every_success_is_recorded_as_it_was(tmp_path: Path) -> None:
    sources = gather(tmp_path)
    with Journal(tmp_path / "run") as journal:
        records, actions = dict(journal.records), [journal.executed(i).actions for i in range(4)]
    wanted = [
        (episode, number)
        for episode, record in sorted(records.items())
        for number, done in enumerate(record.subtasks)
        if done.success
    ]
    assert wanted
    assert len(wanted) < sum(len(record.subtasks) for record in records.values())
    assert [(s["episode"], s["subtask"]) for s in sources] == wanted
    dataset = load_dataset(tmp_path)
    for number, (episode, subtask) in enumerate(wanted):
        recorded = dataset.episode(number)
        done = records[episode].subtasks
        start = sum(d.steps for d in done[:subtask])
        part = actions[episode][start : start + done[subtask].steps]
        assert np.array_equal(recorded.actions, part.astype(np.float32))
        assert recorded.instruction == SUITE.episodes[episode].subtasks[subtask].instruction
        assert recorded.success
        assert set(recorded.images) == {"static", "wrist"}


def test_frames_are_what_was_seen_before_each_action(tmp_path: Path) -> None:
    gather(tmp_path)
    first = load_dataset(tmp_path).episode(0)
    episode = SUITE.episodes[load_dataset(tmp_path).episode(0).source["episode"]]
    env = make_env(episode.env_id, episode.env_kwargs, cameras=("static", "wrist"))
    names = [s.name for s in episode.subtasks]
    seen, _ = env.reset(seed=episode.seed, options={**episode.options, "subtasks": names})
    for step, action in enumerate(first.actions[:3]):
        assert np.allclose(first.proprioception[step], seen["proprioception"], atol=1e-6)
        assert abs(first.images["static"][step].astype(int) - seen["images"]["static"]).mean() < 6
        seen = env.step_chunk(action[None].astype(np.float64), observe=True)[0]


def test_going_on_ends_with_the_same_data(tmp_path: Path) -> None:
    whole = gather(tmp_path / "whole")
    gather(tmp_path / "parts", limit=2)
    last = sorted((tmp_path / "parts").glob("meta/episodes/*/*"))[-1]
    last.unlink()  # as when it was killed before these episodes were joined
    parts = gather(tmp_path / "parts")
    assert [(s["episode"], s["subtask"]) for s in parts] == [
        (s["episode"], s["subtask"]) for s in whole
    ]
    one, other = load_dataset(tmp_path / "whole"), load_dataset(tmp_path / "parts")
    for number in range(len(whole)):
        assert np.array_equal(one.episode(number).actions, other.episode(number).actions)


def test_an_episode_that_goes_differently_is_refused(tmp_path: Path) -> None:
    gather(tmp_path)
    with Journal(tmp_path / "run") as journal:
        first = next(recorded(SUITE, journal))
    other = replace(first, executed=Executed(-first.executed.actions))
    options = RunOptions(workers=1)
    with pytest.raises(RunnerError, match="went differently"):
        replay_all([other], lambda _: Frames(), lambda *_: None, options=options)


def test_a_format_that_cannot_record_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="'lerobot' cannot record whole episodes"):
        record(MockPolicy(), SUITE, form="lerobot", out=tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_folder_that_was_begun_with_another_source_is_refused(tmp_path: Path) -> None:
    gather(tmp_path / "first")
    count = convert(load_dataset(tmp_path / "first"), tmp_path / "first", tmp_path / "second")
    with pytest.raises(DatasetError, match=r"second was begun with another source.*another --out"):
        gather(tmp_path / "second")
    assert len(load_dataset(tmp_path / "second").lengths) == count
    shutil.rmtree(tmp_path / "first" / "run")
    with pytest.raises(DatasetError, match="first was begun with another source"):
        collect(
            MockPolicy(), mock_suite(3, chain=2), out=tmp_path / "first", workers=1, progress=False
        )
