"""Suites of the mock worlds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_gym.suites.spec import EpisodeSpec, Protocol, SubTask, Suite
from vla_gym.testing.mock_env import ENV_ID, TASKS
from vla_gym.testing.mock_two_arms import TWO_ARM_TASKS, TWO_ARMS_ID


def mock_suite(
    episodes: int = 6,
    *,
    chain: int = 3,
    max_steps: int = 20,
    protocol: Protocol | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    faults: Mapping[int, Mapping[str, Any]] | None = None,
) -> Suite:
    """Return ``episodes`` chains of ``chain`` sub-tasks; ``faults`` maps episodes to faults."""
    names = sorted(TASKS)

    def episode(index: int) -> EpisodeSpec:
        order = np.random.default_rng(index).permutation(len(names))[:chain]
        chosen = [names[number] for number in order]
        fault = (faults or {}).get(index)
        return EpisodeSpec(
            env_id=ENV_ID,
            env_kwargs=env_kwargs or {},
            seed=1000 + index,
            options={"fault": fault} if fault else {},
            subtasks=tuple(
                SubTask(name=n, instruction=f"please {n.replace('_', ' ')}", max_steps=max_steps)
                for n in chosen
            ),
            group=chosen[0],
        )

    return Suite(
        name="mock",
        episodes=tuple(episode(index) for index in range(episodes)),
        protocol=protocol or Protocol(success="first"),
        table="chain" if chain > 1 else "tasks",
    )


def two_arm_suite(episodes: int = 6, *, chain: int = 2, max_steps: int = 20) -> Suite:
    """Return ``episodes`` chains of ``chain`` sub-tasks for two arms."""
    names = sorted(TWO_ARM_TASKS)

    def episode(index: int) -> EpisodeSpec:
        order = np.random.default_rng(index).permutation(len(names))[:chain]
        chosen = [names[number] for number in order]
        return EpisodeSpec(
            env_id=TWO_ARMS_ID,
            seed=1000 + index,
            subtasks=tuple(
                SubTask(name=name, instruction=name.replace("_", " "), max_steps=max_steps)
                for name in chosen
            ),
            group=chosen[0],
        )

    return Suite(
        name="two-arms",
        episodes=tuple(episode(index) for index in range(episodes)),
        protocol=Protocol(success="first"),
        table="chain" if chain > 1 else "tasks",
    )
