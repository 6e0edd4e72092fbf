"""The chains that demonstrations are collected on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from vla_gym_calvin.demonstrations import QUICK, task_shares

from vla_gym.collection.collect import collect
from vla_gym.datasets.lerobot import LeRobotDataset
from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.runner.journal import Journal
from vla_gym.suites import Suite, load_suite

LOOK = {"assets": "builtin", "renderer": "tiny"}
PLAIN = {**LOOK, "language": "own"}


def made(**options: object) -> Suite:
    return load_suite("calvin/demonstrations", {**PLAIN, **options})


def test_a_seed_is_a_set_of_chains() -> None:
    one, same, other = made(chains=20), made(chains=20), made(chains=20, seed=1)
    assert one.model_dump() == same.model_dump()
    assert one.episodes != other.episodes
    assert one.protocol != other.protocol


def test_every_task_is_asked_for_as_often_as_it_is_wanted() -> None:
    suite = made(chains=200)
    asked = Counter(task.name for episode in suite.episodes for task in episode.subtasks)
    assert asked.total() == 1000
    for task, share in task_shares().items():
        assert 0.5 < asked[task] / asked.total() / share < 2.0, task  # not all can always be done


def test_starts_lie_beside_each_other() -> None:
    starts = {tuple(np.round(e.options["scene_obs"], 6)) for e in made(chains=30).episodes}
    assert len(starts) == 30


def test_only_some_tasks() -> None:
    wanted = ["open_drawer", "turn_on_led"]
    suite = made(chains=12, length=1, tasks=wanted)
    asked = Counter(episode.subtasks[0].name for episode in suite.episodes)
    assert sorted(asked) == wanted
    assert min(asked.values()) >= 4
    there_and_back = made(chains=2, length=5, tasks=["open_drawer", "close_drawer"])
    names = [[task.name for task in episode.subtasks] for episode in there_and_back.episodes]
    assert all(set(chain) == {"open_drawer", "close_drawer"} for chain in names)


def test_quick_is_single_tasks_of_three_kinds() -> None:
    suite = load_suite("calvin/quick", {**LOOK, "chains": 12})
    asked = Counter(tuple(task.name for task in episode.subtasks) for episode in suite.episodes)
    assert set(asked) == {(task,) for task in QUICK}
    other = load_suite("calvin/quick", {**LOOK, "chains": 12, "seed": 1})
    starts = {tuple(episode.options["scene_obs"]) for episode in suite.episodes}
    assert not starts & {tuple(episode.options["scene_obs"]) for episode in other.episodes}


def test_tasks_that_make_no_chain_are_refused() -> None:
    with pytest.raises(OptionError, match=r"No chain of 2 sub-tasks .* only open_drawer"):
        made(chains=1, length=2, tasks="open_drawer")
    with pytest.raises(UnknownNameError, match="open_drawer"):
        made(tasks=["open_drawr"])


def test_only_what_the_expert_did_is_recorded_where_it_takes_over(tmp_path: Path) -> None:
    options = {"first": "random", "then": "calvin-oracle", "after": 0, "steps": 5}
    suite = load_suite("calvin/quick", {**LOOK, "chains": 2})
    collect("takeover", suite, out=tmp_path, workers=1, policy_options=options, progress=False)
    with Journal(tmp_path / "run") as journal:
        steps = [done.steps for record in journal.records.values() for done in record.subtasks]
    assert LeRobotDataset(tmp_path).lengths == [count - 5 for count in steps]
