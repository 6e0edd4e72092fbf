"""What parent and worker say to each other: small frozen records over a pipe.

Pictures never travel here: they lie in the worker's frame block (``frames.py``). A worker answers
nothing but what it was asked, so one message at a time is under way in either direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vla_gym.contract.policy import Chunk
from vla_gym.contract.spec import PolicySpec
from vla_gym.errors import Scope
from vla_gym.records import EpisodeRecord, Executed, Floats
from vla_gym.replay.walk import Visitor
from vla_gym.suites.spec import EpisodeSpec, Protocol

Stage = Literal["build", "episode", "replay"]


@dataclass(frozen=True)
class Start:
    """The first message to a worker: which policies it works for and by which rules."""

    policies: tuple[PolicySpec, ...]
    protocol: Protocol


@dataclass(frozen=True)
class RunEpisode:
    """Run one episode, asking for actions on the way.

    Attributes:
        index: Index in the suite.
        spec: The episode.
        policy: Which of ``Start.policies`` acts.
    """

    index: int
    spec: EpisodeSpec
    policy: int = 0


@dataclass(frozen=True)
class Actions:
    """The answer to a ``Request``: the chunk of one slot, ``(chunk, policy action size)``."""

    chunk: Chunk


@dataclass(frozen=True)
class PolicyFailed:
    """The answer to a ``Request`` where the policy raised; the episode ends with this error."""

    error: str


@dataclass(frozen=True)
class Replay:
    """Do a recorded episode again, and let a visitor look at it.

    Attributes:
        index: Index in the suite.
        spec: The episode.
        record: How it went.
        actions: What was executed, ``(steps, env action size)``.
        visitor: Whose result comes back.
        policy: As in ``RunEpisode``, for its environment; ``None`` where no policy acts.
    """

    index: int
    spec: EpisodeSpec
    record: EpisodeRecord
    actions: Floats
    visitor: Visitor
    policy: int | None = None


@dataclass(frozen=True)
class Stop:
    """Close the environments and exit."""


@dataclass(frozen=True)
class Ready:
    """The worker's imports are done."""


@dataclass(frozen=True)
class EnvBuilt:
    """An environment was built; ``description`` is what it says about itself."""

    env_id: str
    description: Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """An observation whose pictures lie in the frame block; the worker waits for ``Actions``.

    Attributes:
        episode: Index in the suite.
        subtask: Index in the episode.
        reset: The policy forgets what it remembers of the slot before it answers.
    """

    episode: int
    subtask: int
    reset: bool
    proprioception: npt.NDArray[np.float32]
    instruction: str
    info: Mapping[str, Any]


@dataclass(frozen=True)
class Finished:
    """An episode is over: its record and what was executed."""

    record: EpisodeRecord
    executed: Executed


@dataclass(frozen=True)
class Failed:
    """What was asked for could not be done; the worker itself is fine.

    Attributes:
        stage: What it was at.
        message: One line.
        details: The traceback.
        scope: What cannot go on because of it.
        retry: Trying again may help (not so for a wrong option, or a missing file).
    """

    stage: Stage
    message: str
    details: str
    scope: Scope = Scope.EPISODE
    retry: bool = True


@dataclass(frozen=True)
class Alive:
    """Still at a replay."""


@dataclass(frozen=True)
class Replayed:
    """A replay is over.

    Attributes:
        index: Index in the suite.
        result: What the visitor returned.
        problem: How it differed from the record, if it did.
    """

    index: int
    result: Any
    problem: str = ""


@dataclass(frozen=True)
class Died:
    """Said by the pool, not by a worker: the process is gone.

    Attributes:
        reason: ``"killed by SIGSEGV"``, ``"exited with status 1"`` ...
        log: The last lines it printed.
        killed: Somebody killed it; otherwise it ended by itself.
    """

    reason: str
    log: str
    killed: bool = False


ToWorker = Start | RunEpisode | Actions | PolicyFailed | Replay | Stop
FromWorker = Ready | EnvBuilt | Request | Finished | Failed | Alive | Replayed | Died
