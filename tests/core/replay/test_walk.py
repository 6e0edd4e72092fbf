"""One walk through a recorded episode, whoever looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vla_gym.errors import RunnerError
from vla_gym.records import Executed
from vla_gym.replay.audit import Audit
from vla_gym.replay.drive import make_env
from vla_gym.replay.frames import Frames
from vla_gym.replay.walk import Recorded, Walk
from vla_gym.runner import evaluation
from vla_gym.runner.evaluation import evaluate
from vla_gym.runner.journal import Journal
from vla_gym.runner.options import RunOptions
from vla_gym.runner.replays import recorded, replay_all
from vla_gym.testing import MockPolicy, ThreadWorkers, mock_suite

SUITE = mock_suite(5, chain=2)


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "LocalWorkers", ThreadWorkers)


@pytest.fixture
def episodes(tmp_path: Path) -> list[Recorded]:
    evaluate(MockPolicy(), SUITE, tmp_path, workers=1, video="none", progress=False)
    with Journal(tmp_path) as journal:
        return list(recorded(SUITE, journal))


@pytest.fixture
def walk(episodes: list[Recorded]) -> Iterator[Walk]:
    first = episodes[0]
    env = make_env(first.spec.env_id, first.spec.env_kwargs, cameras=())
    yield Walk(env, first.spec, first.record, first.executed.actions)
    env.close()


def test_every_moment_is_there_once_and_each_sub_task_has_an_end(
    walk: Walk, episodes: list[Recorded]
) -> None:
    moments = list(walk)
    steps = [done.steps for done in walk.record.subtasks]
    seen = [(m.subtask, m.step) for m in moments]
    assert seen == [(n, step) for n, count in enumerate(steps) for step in range(count + 1)]
    actions = np.array([m.action for m in moments if m.action is not None])
    np.testing.assert_array_equal(actions, episodes[0].executed.actions)
    assert walk.problem == ""


def test_frames_are_those_that_were_asked_for(walk: Walk, episodes: list[Recorded]) -> None:
    every = np.zeros(len(episodes[0].executed.actions), bool)
    every[[1, 4]] = True
    footage = Frames(steps=every, info=("target",))(walk)
    assert footage.steps.tolist() == [1, 4]
    assert {name: p.shape for name, p in footage.images.items()} == {
        "static": (2, 32, 32, 3),
        "wrist": (2, 16, 24, 3),
    }
    assert footage.proprioception.shape == (2, 4)
    assert footage.info["target"].shape == (2, 4)


def test_an_audit_gathers_what_happened(walk: Walk) -> None:
    found = Audit("metrics")(walk)
    assert found == {"distance"}


def numbers(episodes: list[Recorded], **options: Any) -> list[int]:
    order: list[int] = []
    settings = RunOptions(**options)
    replay_all(episodes, lambda _: Frames(), lambda e, _: order.append(e.index), options=settings)
    return order


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order_whatever_the_number_of_workers(
    workers: int, episodes: list[Recorded]
) -> None:
    assert numbers(episodes, workers=workers) == [0, 1, 2, 3, 4]


def with_fault(episode: Recorded, fault: dict[str, Any]) -> Recorded:
    spec = episode.spec.model_copy(update={"options": {"fault": fault}})
    return replace(episode, spec=spec)


def test_a_replay_that_fails_is_tried_again_as_an_episode_is(
    episodes: list[Recorded], tmp_path: Path
) -> None:
    once = {"kind": "raise", "step": 3, "once": str(tmp_path / "mark")}
    episodes[1] = with_fault(episodes[1], once)
    assert numbers(episodes, workers=2) == [0, 1, 2, 3, 4]
    episodes[1] = with_fault(episodes[1], {"kind": "raise", "step": 3})
    with pytest.raises(RunnerError, match=r"Episode 1 cannot be done again: RuntimeError: the mo"):
        numbers(episodes, workers=2)


def test_another_way_is_told_by_the_walk(episodes: list[Recorded]) -> None:
    first = episodes[0]
    env = make_env(first.spec.env_id, first.spec.env_kwargs, cameras=())
    walk = Walk(env, first.spec, first.record, -first.executed.actions)
    Frames(steps=np.zeros(len(first.executed.actions), bool))(walk)
    assert walk.problem.startswith("episode 0, ")
    assert "went differently when its actions were done again" in walk.problem
    other = replace(first, executed=Executed(-first.executed.actions))
    with pytest.raises(RunnerError, match="so it is not recorded"):
        numbers([other])
