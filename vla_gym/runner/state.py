"""What each worker is at, as the engine sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

from vla_gym.contract.policy import Slot
from vla_gym.errors import PolicyError
from vla_gym.runner.messages import Request


@dataclass(frozen=True)
class Job:
    """An episode to run or to do again, for the ``attempt``-th time.

    Attributes:
        alone: The policy is asked for no other episode in the same call: it raised in a call for
            several, and only so is it known for which.
    """

    index: int
    attempt: int = 1
    replay: bool = False
    alone: bool = False


@dataclass
class WorkerState:
    """What one worker is at.

    Attributes:
        alive: There is a process.
        ready: It has said so.
        built: Keys of the environments that it has built.
        policy: Which policy acts in its job.
        env_key: Of the environment of its job.
        failure: What the policy raised in its job.
        shared: That was a call for several episodes.
        busy_since: When it was last given something to do or heard of; ``None`` while it waits
            for us.
    """

    number: int
    alive: bool = False
    ready: bool = False
    built: set[str] = field(default_factory=set)
    job: Job | None = None
    policy: int = 0
    env_key: str = ""
    slot: Slot | None = None
    request: Request | None = None
    failure: PolicyError | None = None
    shared: bool = False
    busy_since: float | None = None
    job_began: float = 0.0

    def begin(self, job: Job, policy: int, env_key: str, now: float) -> None:
        """Take a job."""
        self.job, self.policy, self.env_key = job, policy, env_key
        self.busy_since = self.job_began = now

    def free(self) -> None:
        """Be done with the job."""
        self.job = self.slot = self.request = self.failure = self.busy_since = None
        self.shared = False
