"""Environments without our runner: several at once, in processes and threads."""

from __future__ import annotations

import copy
import os
import pickle
import threading
from typing import Any

import gymnasium
import numpy as np
import pytest

from vla_gym.env.graphics import claim
from vla_gym.errors import RendererError, UnknownNameError
from vla_gym.testing import ENV_ID, MockWorld

RIGHT = np.array([[1.0, 0, 0, 0, 0, 0, 0]] * 2)
WAYS: dict[str, dict[str, Any]] = {
    "sync": {"vectorization_mode": "sync"},
    **{
        f"{context}, shared={shared}": {
            "vectorization_mode": "async",
            "vector_kwargs": {"context": context, "shared_memory": shared},
        }
        for context in ("fork", "spawn")
        for shared in (True, False)
    },
}


@pytest.fixture(params=WAYS, ids=list(WAYS))
def worlds(request: pytest.FixtureRequest) -> Any:
    """Two mock worlds with a chain of two."""
    env = gymnasium.make_vec(
        ENV_ID, num_envs=2, subtasks=("go_right", "go_up"), **WAYS[request.param]
    )
    yield env
    env.close()


def test_sentences_arrive_and_change(worlds: Any) -> None:
    seen, _ = worlds.reset(seed=0)
    assert tuple(seen["instruction"]) == ("go right", "go right")
    first = seen
    while "go right" in tuple(seen["instruction"]):
        seen = worlds.step(RIGHT)[0]
    assert tuple(seen["instruction"]) == ("go up", "go up")
    assert tuple(first["instruction"]) == ("go right", "go right")
    assert seen["images"]["static"].shape == (2, 32, 32, 3)


def test_the_next_episode_asks_for_the_same(worlds: Any) -> None:
    worlds.reset(seed=0, options={"subtasks": ["go_right"]})
    over = np.zeros(2, bool)
    while not over.any():
        over = worlds.step(RIGHT)[2]
    seen = worlds.step(RIGHT)[0]  # the first step of an episode that is over begins the next
    assert "go right" in tuple(seen["instruction"])


def test_without_a_name_it_is_free_play_and_a_wrong_name_is_refused() -> None:
    env = MockWorld()
    assert env.reset(seed=0)[0]["instruction"] == ""
    with pytest.raises(UnknownNameError, match="go_rihgt"):
        MockWorld(subtasks=("go_rihgt",))
    assert MockWorld(subtasks=("go_up",)).reset(options={"subtasks": []})[0]["instruction"] == ""


def test_threads_give_the_same_as_one_after_the_other() -> None:
    def play(seed: int, into: list[Any]) -> None:
        env = MockWorld(subtasks=("go_right",))
        env.reset(seed=seed)
        into.append((seed, env.step_chunk(RIGHT)[0]["proprioception"].tolist()))

    apart: list[Any] = []
    together: list[Any] = []
    for seed in range(4):
        play(seed, apart)
    threads = [threading.Thread(target=play, args=(seed, together)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(together) == apart


@pytest.mark.parametrize("travel", [pickle.dumps, copy.deepcopy])
def test_an_environment_says_why_it_does_not_travel(travel: Any) -> None:
    with pytest.raises(TypeError, match=r"running simulator.*functools\.partial"):
        travel(MockWorld())


def test_a_forked_child_is_told_that_it_cannot_draw() -> None:
    claim("a library")
    claim("a library")
    child = os.fork()
    if child == 0:
        try:
            claim("another")
            claim("a library")
        except RendererError as error:
            os._exit(0 if "spawn" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
