"""Episodes, suites and the protocol that makes two numbers comparable.

An episode is a function of its ``EpisodeSpec`` alone. A ``Protocol`` holds every choice that
moves a score; its hash travels with the results, which are never merged across hashes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from vla_gym.schema import Record


def jsonable(value: Any) -> Any:
    """Return ``value`` with arrays and tuples as lists and numpy scalars as Python numbers."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    return value


def digest(value: Any) -> str:
    """Return the first 16 hex digits of the SHA-256 of canonical JSON."""
    text = json.dumps(jsonable(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class SubTask(Record):
    """One thing to do.

    Attributes:
        name: The environment's name of it.
        instruction: What the policy is told.
        max_steps: Environment steps after which it has failed.
    """

    name: str
    instruction: str
    max_steps: int = Field(gt=0)


class EpisodeSpec(Record):
    """One episode: where it begins and what is to be done.

    Attributes:
        env_id: Gymnasium id.
        env_kwargs: Keyword arguments of ``gymnasium.make``.
        seed: Seed of ``reset`` and of a policy's random numbers.
        options: Options of ``reset`` (without ``subtasks``, which the runner adds).
        subtasks: Done one after the other; whether it ends at the first failure is the protocol's.
        group: Row of a per-task table that this episode belongs to.
    """

    env_id: str
    env_kwargs: Mapping[str, Any] = Field(default_factory=dict)
    seed: int = 0
    options: Mapping[str, Any] = Field(default_factory=dict)
    subtasks: tuple[SubTask, ...] = Field(min_length=1)
    group: str = ""

    @property
    def env_key(self) -> str:
        """What tells its environment (id and keyword arguments) from others."""
        return digest([self.env_id, self.env_kwargs])

    @field_validator("env_kwargs", "options")
    @classmethod
    def _plain(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        plain: dict[str, Any] = jsonable(value)
        return plain


class Protocol(Record):
    """Every choice that moves a score, apart from the policy.

    Attributes:
        success: Which step counts: ``"first"`` ends a sub-task at its first success, ``"final"``
            looks at the last step, ``"any"`` at all of them.
        policy_reset: When the policy forgets: at each sub-task or at each episode.
        stop_at_failure: A chain ends at its first failed sub-task.
        settings: What else was fixed (assets, renderer, engine, instruction set, versions of rules
            ...), resolved: ``"auto"`` never appears here.
    """

    success: Literal["first", "final", "any"]
    policy_reset: Literal["subtask", "episode"] = "subtask"
    stop_at_failure: bool = True
    settings: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Hash of all fields."""
        return digest(self.model_dump(mode="json"))


class PublishedRow(Record):
    """A number somebody else reported.

    Attributes:
        label: Whose it is.
        values: By the column names of the suite's table.
        source: Where it was printed.
        verified: False when it was not checked against the original.
        protocol: Hash of the protocol it was measured under, if known; only then is it comparable.
        real: It was measured on a real robot.
    """

    label: str
    values: Mapping[str, float]
    source: str
    verified: bool = True
    protocol: str | None = None
    real: bool = False

    @property
    def shown(self) -> str:
        """The label as tables show it."""
        return f"{self.label} (real robot)" if self.real else self.label


class Suite(Record):
    """Named episodes under one protocol.

    Attributes:
        table: Name of a registered summary: ``"chain"`` has success at 1..n and average length,
            ``"tasks"`` one row per group.
    """

    name: str
    episodes: tuple[EpisodeSpec, ...] = Field(min_length=1)
    protocol: Protocol
    table: str = "tasks"
    published: tuple[PublishedRow, ...] = ()
    description: str = ""

    def __len__(self) -> int:
        """Return the number of episodes."""
        return len(self.episodes)

    def envs(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the distinct environments (id and keyword arguments) of the suite."""
        seen: set[str] = set()
        for episode in self.episodes:
            if episode.env_key not in seen:
                seen.add(episode.env_key)
                yield episode.env_id, episode.env_kwargs

    def limited(self, limit: int | None) -> Sequence[EpisodeSpec]:
        """Return the first ``limit`` episodes (all if ``None``)."""
        return self.episodes if limit is None else self.episodes[:limit]

    @property
    def hash(self) -> str:
        """Hash of the episodes and the protocol; the published rows do not count."""
        return digest([[e.model_dump(mode="json") for e in self.episodes], self.protocol.hash])
