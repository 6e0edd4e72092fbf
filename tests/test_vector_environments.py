"""SAPIEN's environments without our runner: in processes and in threads (CALVIN has its own)."""

from __future__ import annotations

import threading
from typing import Any

import gymnasium
import pytest

import vla_gym  # noqa: F401  (registers)

ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "SimplerEnv-WidowX-StackCube-v0": {"assets": "builtin"},
    "SimplerEnv-Google-PickCokeCan-v0": {"assets": "builtin"},
    "BDRBench-OpenOven-v0": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("context", ["fork", "spawn"])
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_two_processes_say_the_same_and_go_on(env_id: str, context: str) -> None:
    env: Any = gymnasium.make_vec(
        env_id,
        num_envs=2,
        vectorization_mode="async",
        vector_kwargs={"context": context},
        cameras=(),
        max_steps=1,
        **ENVIRONMENTS[env_id],
    )
    seen, _ = env.reset(seed=[3, 3])
    assert seen["instruction"][0] == seen["instruction"][1] != ""
    assert (seen["proprioception"][0] == seen["proprioception"][1]).all()
    env.action_space.seed(0)
    assert env.step(env.action_space.sample())[3].all()
    assert env.step(env.action_space.sample())[0]["instruction"][0] != ""  # the next episode
    env.close()


@pytest.mark.slow
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_two_threads_see_the_same(env_id: str) -> None:
    seen: list[Any] = []

    def look() -> None:
        env = gymnasium.make(env_id, cameras=(), **ENVIRONMENTS[env_id])
        seen.append(env.reset(seed=0)[0]["proprioception"].tolist())
        env.close()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 2
    assert seen[0] == seen[1]
