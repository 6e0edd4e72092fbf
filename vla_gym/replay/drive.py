"""Driving an environment through an episode: its beginning, what follows, what is decided when.

The runner drives an environment with a policy, a replay with recorded actions; both use these, so
that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import gymnasium

from vla_gym.contract.env import Observation, VlaEnv
from vla_gym.contract.info import step_facts
from vla_gym.env.registration import contract_of
from vla_gym.errors import RunnerError
from vla_gym.suites.spec import EpisodeSpec, SubTask

Info = Mapping[str, Any]


class Env(VlaEnv, Protocol):
    """An environment as the runner drives it: unwrapped, without Gymnasium's checks."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


@dataclass
class Tally:
    """What has happened in the present sub-task.

    Attributes:
        rule: The protocol's success rule.
        limit: Steps allowed.
        completed: ``info["subtask_index"]`` when it began.
        ended: The environment moved on or ended the episode.
    """

    rule: str
    limit: int
    completed: int
    steps: int = 0
    first_success: int | None = None
    final_success: bool = False
    ended: bool = False
    metrics: dict[str, float | bool] = field(default_factory=dict)

    def count(self, steps: int, info: Info, *, over: bool) -> None:
        """Take note of ``steps`` executed steps, the last of which gave ``info``."""
        facts = step_facts(info)
        self.steps += steps
        self.final_success = facts.success
        if self.final_success and self.first_success is None:
            self.first_success = self.steps
        self.metrics = dict(facts.metrics)
        self.ended = over or facts.subtask_index > self.completed

    @property
    def over(self) -> bool:
        """Whether the sub-task is decided."""
        at_first = self.rule == "first" and self.final_success
        return self.ended or at_first or self.steps >= self.limit

    @property
    def success(self) -> bool:
        """Success by the rule."""
        return self.final_success if self.rule == "final" else self.first_success is not None


def make_env(
    env_id: str, env_kwargs: Mapping[str, Any], *, cameras: tuple[str, ...] | None = None
) -> Env:
    """Build an environment that renders nothing but ``cameras`` (default: all it has)."""
    if cameras is None:
        cameras = tuple(contract_of(env_id, env_kwargs).cameras)
    made = gymnasium.make(env_id, disable_env_checker=True, **{**env_kwargs, "cameras": cameras})
    return cast(Env, made.unwrapped)


def reset(env: Env, spec: EpisodeSpec) -> tuple[Observation, Info]:
    """Bring an environment to the beginning of an episode."""
    return env.reset(seed=spec.seed, options=reset_options(spec))


def reset_options(spec: EpisodeSpec) -> dict[str, Any]:
    """Return the options of ``reset``; an episode may name its sub-tasks itself."""
    return {"subtasks": [subtask.name for subtask in spec.subtasks], **spec.options}


def begin_next(env: Env, subtask: SubTask, completed: int, info: Info) -> None:
    """Make the environment work on the next sub-task, unless it has moved on by itself.

    Whether it has is told by the present ``info`` and by ``completed``, the ``subtask_index`` when
    the sub-task before began.
    """
    if int(info["subtask_index"]) > completed:
        return
    begin = getattr(env, "begin_subtask", None)
    if begin is None:
        raise RunnerError(
            f"{type(env).__name__} has no begin_subtask(name); a chain whose sub-tasks do not end "
            "at their first success, or that goes on after a failure, needs it."
        )
    begin(subtask.name)
