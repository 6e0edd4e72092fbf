"""The loop: gives episodes to workers, gathers their requests, calls the policy, records results.

It knows neither processes nor files: workers are behind ``pool.Workers`` (processes here, a cluster
elsewhere), and what is found goes to a ``Recorder``. No order of events can change a record: an
episode is a function of its spec, and a policy's state is keyed by slot.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from vla_gym.contract.policy import Slot
from vla_gym.errors import RunnerError, Scope
from vla_gym.records import EpisodeRecord, Executed
from vla_gym.runner.acting import Actor, Asked, make_slot
from vla_gym.runner.batching import Batcher
from vla_gym.runner.messages import (
    Actions,
    Alive,
    Died,
    EnvBuilt,
    Failed,
    Finished,
    FromWorker,
    Ready,
    Replay,
    Replayed,
    Request,
    RunEpisode,
)
from vla_gym.runner.pool import Workers
from vla_gym.suites.spec import EpisodeSpec

MAX_STARTS = 3
"""Workers in a row that may end by themselves before they are ready."""
MAX_KILLED_STARTS = 20
"""Workers in a row that may be killed before they are ready; unlike an end of their own (a broken
installation), that says little about the next one."""
SETTLE_SECONDS = 300.0
"""The watchdog is no stricter than this while a worker starts or builds an environment, which on a
busy machine, or with shaders to compile, takes long without being a hang."""
IDLE_SECONDS = 1.0
"""Longest time between two looks at the watchdog."""
_NOTHING = Executed(np.zeros((0, 0)))


class Recorder(Protocol):
    """Where results go."""

    def finished(self, record: EpisodeRecord, executed: Executed) -> bool:
        """Record an episode; return whether it is to be done again."""
        ...

    def replay(self, episode: int) -> Replay | None:
        """Return what a worker needs to do a recorded episode again; ``None``: nothing can be."""
        ...

    def replayed(self, message: Replayed) -> None:
        """Take what came of it."""
        ...

    def replay_failed(self, episode: int, message: str) -> None:
        """Take note that it could not be done again."""
        ...

    @property
    def waiting(self) -> int:
        """How many results of replays are kept because an earlier one is missing."""
        ...

    def environment(self, built: EnvBuilt) -> None:
        """Record what an environment says about itself."""
        ...

    def warn(self, text: str) -> None:
        """Record something that should not have happened."""
        ...


@dataclass(frozen=True)
class Job:
    """An episode to run or to do again, for the ``attempt``-th time."""

    index: int
    attempt: int = 1
    replay: bool = False


@dataclass
class Lane:
    """What one worker is at.

    Attributes:
        alive: There is a process.
        ready: It has said so.
        built: Keys of the environments that it has built.
        policy: Which policy acts in its job.
        env_key: Of the environment of its job.
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
    busy_since: float | None = None
    job_began: float = 0.0


@dataclass(frozen=True)
class Limits:
    """When patience ends.

    Attributes:
        watchdog: Seconds that a worker may be silent while it works.
        max_attempts: How often an episode is tried.
        clock: What it is measured by, seconds.
    """

    watchdog: float
    max_attempts: int
    clock: Callable[[], float] = time.monotonic


@dataclass
class Work:
    """What is to be done.

    Attributes:
        specs: All episodes of the suite.
        policies: Which policy acts in each, as ``Actor`` numbers them; empty where none does.
        episodes: Indices to run, in order.
        replays: Indices already recorded that are to be done again, in order.
    """

    specs: Sequence[EpisodeSpec]
    policies: Sequence[int]
    episodes: Sequence[int]
    replays: Sequence[int] = field(default_factory=tuple)


class Engine:
    """Runs episodes on workers until all are recorded."""

    def __init__(
        self,
        work: Work,
        *,
        actor: Actor,
        workers: Workers,
        recorder: Recorder,
        batcher: Batcher,
        limits: Limits,
    ) -> None:
        """Prepare; nothing starts before ``run``."""
        self._specs, self._policies = work.specs, work.policies
        self._actor, self._workers, self._recorder = actor, workers, recorder
        self._batcher, self._limits, self._clock = batcher, limits, limits.clock
        self._episodes = deque(Job(index) for index in work.episodes)
        self._replays = deque(Job(index, replay=True) for index in work.replays)
        self._lanes = [Lane(number) for number in range(workers.count)]
        self._failed_starts = 0

    def run(self) -> None:
        """Run everything.

        Raises:
            PolicyError: The policy raised, or returned no batch of chunks.
            RunnerError: No worker can be started, or an environment cannot be built.
            JournalError: From the recorder.
        """
        while self._open:
            self._assign()
            self._listen(self._patience())
            if self._seconds_left() == 0.0:
                self._act()
            self._check_hangs()

    @property
    def _open(self) -> bool:
        return bool(self._episodes or self._replays or any(lane.job for lane in self._lanes))

    def _assign(self) -> None:
        for lane in self._lanes:
            while lane.job is None and (queue := self._queue()):
                self._give(lane, queue.popleft())

    def _queue(self) -> deque[Job]:
        """Return where the next job comes from; replays are not kept in memory by the dozen."""
        under_way = sum(lane.job is not None and lane.job.replay for lane in self._lanes)
        room = under_way + self._recorder.waiting < 2 * len(self._lanes)
        return self._replays if self._replays and (room or not under_way) else self._episodes

    def _give(self, lane: Lane, job: Job) -> None:
        spec = self._specs[job.index]
        policy = self._policies[job.index] if self._policies else 0
        message: RunEpisode | Replay | None = RunEpisode(job.index, spec, policy)
        if job.replay:
            message = self._recorder.replay(job.index)
        if message is None:
            return
        if isinstance(message, Replay) and self._policies:
            message = replace(message, policy=policy)
        if not lane.alive:
            self._workers.start(lane.number)
            lane.alive, lane.ready, lane.built = True, False, set()
        lane.job, lane.policy, lane.env_key = job, policy, spec.env_key
        lane.busy_since = lane.job_began = self._clock()
        self._workers.send(lane.number, message)

    def _listen(self, seconds: float) -> bool:
        """Wait for messages and handle them; return whether there were any."""
        messages = self._workers.poll(seconds)
        for number, message in messages:
            self._handle(self._lanes[number], message)
        return bool(messages)

    def _patience(self) -> float:
        left = self._seconds_left()
        return IDLE_SECONDS if left is None else min(left, IDLE_SECONDS)

    def _seconds_left(self) -> float | None:
        return self._batcher.seconds_left(self._clock(), others=self._others())

    def _others(self) -> int:
        """How many workers are in the middle of an episode and have not asked yet."""
        return sum(
            lane.slot is not None and lane.request is None and lane.job is not None
            for lane in self._lanes
        )

    def _handle(self, lane: Lane, message: FromWorker) -> None:
        lane.busy_since = self._clock()
        if isinstance(message, Request):
            lane.request, lane.busy_since = message, None
            self._batcher.add(lane.number, self._clock())
        elif isinstance(message, Ready):
            lane.ready, self._failed_starts = True, 0
        elif isinstance(message, EnvBuilt):
            lane.built.add(lane.env_key)
            self._recorder.environment(message)
        elif isinstance(message, Finished):
            self._finish(lane, message.record, message.executed)
        elif isinstance(message, Replayed):
            self._free(lane)
            self._recorder.replayed(message)
        elif isinstance(message, Failed):
            self._failed(lane, message)
        elif isinstance(message, Died):
            self._died(lane, message)
        else:
            assert isinstance(message, Alive)

    def _act(self) -> None:
        """Ask the policy for the actions of one batch."""
        lanes = [self._lanes[number] for number in self._batcher.take(self._clock())]
        began = self._clock()
        for policy in sorted({lane.policy for lane in lanes}):
            self._reset_slots(policy, [lane for lane in lanes if lane.policy == policy])
        chunks = self._actor.act([self._asked(lane) for lane in lanes])
        self._batcher.took(self._clock() - began)
        self._excuse(self._clock() - began)
        for lane, chunk in zip(lanes, chunks, strict=True):
            lane.request, lane.busy_since = None, self._clock()
            self._workers.send(lane.number, Actions(chunk))

    def _excuse(self, seconds: float) -> None:
        """Do not take it for a worker's silence that we did not listen for so long."""
        for lane in self._lanes:
            if lane.busy_since is not None:
                lane.busy_since += seconds

    def _reset_slots(self, policy: int, lanes: Sequence[Lane]) -> None:
        """Let a policy forget where an episode says so."""
        fresh = []
        for lane in lanes:
            assert lane.request is not None
            if lane.request.reset:
                lane.slot = self._slot(lane.number, lane.request)
                fresh.append(lane.slot)
        if fresh:
            self._actor.reset(policy, fresh)

    def _slot(self, number: int, request: Request) -> Slot:
        spec = self._specs[request.episode]
        return make_slot(number, spec, request.episode, request.subtask)

    def _asked(self, lane: Lane) -> Asked:
        assert lane.slot is not None
        assert lane.request is not None
        images = self._workers.images(lane.number, lane.policy)
        return Asked(lane.policy, lane.slot, lane.request, images)

    def _finish(self, lane: Lane, record: EpisodeRecord, executed: Executed) -> None:
        """Record an episode that has a result, or that is given up."""
        assert lane.job is not None
        timing = {
            **record.timing,
            "seconds": round(self._clock() - lane.job_began, 3),
            "worker": lane.number,
            "attempt": lane.job.attempt,
        }
        record = record.model_copy(update={"timing": timing})
        if self._recorder.finished(record, executed):
            self._replays.append(Job(record.episode, replay=True))
        self._free(lane)

    def _free(self, lane: Lane) -> None:
        lane.job = lane.slot = lane.request = lane.busy_since = None

    def _failed(self, lane: Lane, failure: Failed) -> None:
        """Stop the run, try again, or record an error, as far as the failure reaches."""
        assert lane.job is not None
        if not lane.job.replay:
            self._stop_if_hopeless(lane.job, failure)
        self._again(lane, failure)

    def _stop_if_hopeless(self, job: Job, failure: Failed) -> None:
        """Give up where no episode could ever run."""
        last = job.attempt >= self._limits.max_attempts
        env_id = self._specs[job.index].env_id
        if failure.stage == "build" and (last or not failure.retry):
            raise RunnerError(f"{env_id} cannot be built. {failure.message}")
        if failure.scope is Scope.RUN and not failure.retry:
            raise RunnerError(
                f"Episode {job.index} cannot be run in {env_id} as it is asked for. "
                f"{failure.message}"
            )

    def _died(self, lane: Lane, death: Died) -> None:
        lane.alive = False
        self._batcher.drop(lane.number)
        if not lane.ready:
            self._start_failed(death)
            if lane.job is not None:
                self._requeue(lane, lane.job)
            return
        if lane.job is None:
            return
        if lane.env_key not in lane.built:
            log = f" It printed last:\n{death.log}" if death.log else ""
            message = f"The worker that built it {death.reason}.{log}"
            self._failed(lane, Failed("build", message, message))
            return
        details = f"The worker {death.reason}.\n{death.log}".strip()
        self._failed(lane, Failed("episode", death.reason, details))

    def _start_failed(self, death: Died) -> None:
        self._failed_starts += 1
        most = MAX_KILLED_STARTS if death.killed else MAX_STARTS
        if self._failed_starts >= most:
            raise RunnerError(
                f"No worker can be started: the last {self._failed_starts} ended before they were "
                f"ready ({death.reason}). The last one printed:\n{death.log or '(nothing)'}"
            )

    def _again(self, lane: Lane, failure: Failed) -> None:
        """Try a job once more, or record that it cannot be done."""
        job = lane.job
        assert job is not None
        if failure.retry and job.attempt < self._limits.max_attempts:
            self._requeue(lane, replace(job, attempt=job.attempt + 1))
        elif job.replay:
            self._free(lane)
            self._recorder.replay_failed(job.index, failure.message)
        else:
            self._finish(lane, self._error_record(job.index, failure.details), _NOTHING)

    def _requeue(self, lane: Lane, job: Job) -> None:
        queue = self._replays if job.replay else self._episodes
        queue.appendleft(job)
        self._free(lane)

    def _error_record(self, index: int, details: str) -> EpisodeRecord:
        spec = self._specs[index]
        return EpisodeRecord(
            episode=index, group=spec.group, seed=spec.seed, subtasks=(), error=details
        )

    def _check_hangs(self) -> None:
        """Kill whoever is silent for too long; nothing inside a stuck process could."""
        if not any(self._silent(lane) for lane in self._lanes):
            return
        while self._listen(0.0):
            pass  # what has arrived meanwhile was not silence
        for lane in self._lanes:
            if self._silent(lane):
                reason = f"was silent for {self._allowed(lane):g} s and was killed"
                self._died(lane, Died(reason, self._workers.kill(lane.number)))

    def _silent(self, lane: Lane) -> bool:
        """Whether a worker has said nothing for longer than it may."""
        if lane.busy_since is None or not lane.alive:
            return False
        return self._clock() - lane.busy_since > self._allowed(lane)

    def _allowed(self, lane: Lane) -> float:
        """Return for how many seconds a worker may be silent."""
        if lane.env_key in lane.built:
            return self._limits.watchdog
        return max(self._limits.watchdog, SETTLE_SECONDS)
