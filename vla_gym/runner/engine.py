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
from vla_gym.error_text import described
from vla_gym.errors import PolicyCallError, RunnerError, Scope
from vla_gym.records import EpisodeRecord, Executed
from vla_gym.runner.batching import Batcher
from vla_gym.runner.failures import FirstFailures
from vla_gym.runner.messages import (
    Actions,
    Alive,
    Died,
    EnvBuilt,
    Failed,
    Finished,
    FromWorker,
    PolicyFailed,
    Ready,
    Replay,
    Replayed,
    Request,
    RunEpisode,
)
from vla_gym.runner.policy_calls import Actor, Asked, make_slot
from vla_gym.runner.pool import Workers
from vla_gym.runner.state import Job, WorkerState
from vla_gym.suites.spec import EpisodeSpec

MAX_STARTS = 3
"""Workers in a row that may end by themselves before they are ready."""
MAX_KILLED_STARTS = 20
"""Workers in a row that may be killed before they are ready; unlike an end of their own (a broken
installation), that says little about the next one."""
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
class Limits:
    """When patience ends.

    Attributes:
        watchdog: Seconds that a worker may be silent while it works.
        start: The same while it starts or builds an environment, which on a busy machine, or with
            shaders to compile, takes long without being a hang.
        max_attempts: How often an episode is tried.
        policy_errors: How many first episodes may all end in an error of the policy.
        clock: What it is measured by, seconds.
    """

    watchdog: float
    start: float
    max_attempts: int
    policy_errors: int = 1
    clock: Callable[[], float] = time.monotonic


@dataclass
class Work:
    """What is to be done.

    Attributes:
        specs: All episodes of the suite.
        policies: Which policy acts in each, as ``Actor`` numbers them; empty where none does.
        episodes: Indices to run, in order.
        replays: Indices already recorded that are to be done again, in order.
        trusted: The policy has done an episode of this run before.
    """

    specs: Sequence[EpisodeSpec]
    policies: Sequence[int]
    episodes: Sequence[int]
    replays: Sequence[int] = field(default_factory=tuple)
    trusted: bool = False


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
        self._states = [WorkerState(number) for number in range(workers.count)]
        self._failed_starts = 0
        self._first = FirstFailures(limits.policy_errors, trusted=work.trusted)

    def run(self) -> None:
        """Run everything.

        Raises:
            PolicyError: The policy raised, or returned no batch of chunks, in the first episodes.
            RunnerError: No worker can be started, or an environment cannot be built.
            JournalError: From the recorder.
        """
        while self._open:
            self._assign()
            self._listen(self._patience())
            if self._seconds_left() == 0.0:
                self._act()
            self._check_hangs()
        self._first.stop()

    @property
    def _open(self) -> bool:
        return bool(self._episodes or self._replays or any(state.job for state in self._states))

    def _assign(self) -> None:
        for state in self._states:
            while state.job is None and (queue := self._queue()):
                self._give(state, queue.popleft())

    def _queue(self) -> deque[Job]:
        """Return where the next job comes from; replays are not kept in memory by the dozen."""
        under_way = sum(state.job is not None and state.job.replay for state in self._states)
        room = under_way + self._recorder.waiting < 2 * len(self._states)
        return self._replays if self._replays and (room or not under_way) else self._episodes

    def _give(self, state: WorkerState, job: Job) -> None:
        spec = self._specs[job.index]
        policy = self._policies[job.index] if self._policies else 0
        message: RunEpisode | Replay | None = RunEpisode(job.index, spec, policy)
        if job.replay:
            message = self._recorder.replay(job.index)
        if message is None:
            return
        if isinstance(message, Replay) and self._policies:
            message = replace(message, policy=policy)
        if not state.alive:
            self._workers.start(state.number)
            state.alive, state.ready, state.built = True, False, set()
        state.begin(job, policy, spec.env_key, self._clock())
        self._workers.send(state.number, message)

    def _listen(self, seconds: float) -> bool:
        """Wait for messages and handle them; return whether there were any."""
        messages = self._workers.poll(seconds)
        for number, message in messages:
            self._handle(self._states[number], message)
        return bool(messages)

    def _patience(self) -> float:
        left = self._seconds_left()
        return IDLE_SECONDS if left is None else min(left, IDLE_SECONDS)

    def _seconds_left(self) -> float | None:
        return self._batcher.seconds_left(self._clock(), others=self._others())

    def _others(self) -> int:
        """How many workers are in the middle of an episode and have not asked yet."""
        return sum(
            state.slot is not None and state.request is None and state.job is not None
            for state in self._states
        )

    def _handle(self, state: WorkerState, message: FromWorker) -> None:
        state.busy_since = self._clock()
        if isinstance(message, Request):
            state.request, state.busy_since = message, None
            self._batcher.add(state.number, self._clock())
        elif isinstance(message, Ready):
            state.ready, self._failed_starts = True, 0
        elif isinstance(message, EnvBuilt):
            state.built.add(state.env_key)
            self._recorder.environment(message)
        elif isinstance(message, Finished):
            self._finished(state, message)
        elif isinstance(message, Replayed):
            state.free()
            self._recorder.replayed(message)
        elif isinstance(message, Failed):
            self._failed(state, message)
        elif isinstance(message, Died):
            self._died(state, message)
        else:
            assert isinstance(message, Alive)

    def _act(self) -> None:
        """Ask the policy for the actions of one batch."""
        states = [self._states[number] for number in self._batcher.take(self._clock())]
        began = self._clock()
        together = [state for state in states if state.job and not state.job.alone]
        apart = [[state] for state in states if state.job and state.job.alone]
        for group in [together, *apart] if together else apart:
            self._act_for(group)
        self._batcher.took(self._clock() - began)
        self._excuse(self._clock() - began)

    def _act_for(self, states: Sequence[WorkerState]) -> None:
        """Ask the policy for the actions of some workers; where it raises, they are told."""
        try:
            for policy in sorted({state.policy for state in states}):
                self._reset_slots(policy, [s for s in states if s.policy == policy])
            chunks = self._actor.act([self._asked(state) for state in states])
        except PolicyCallError as error:
            for state in states:
                state.failure, state.shared = error, len(states) > 1
                self._answer(state, PolicyFailed(described(error)))
            return
        for state, chunk in zip(states, chunks, strict=True):
            self._answer(state, Actions(chunk))

    def _answer(self, state: WorkerState, message: Actions | PolicyFailed) -> None:
        state.request, state.busy_since = None, self._clock()
        self._workers.send(state.number, message)

    def _excuse(self, seconds: float) -> None:
        """Do not take it for a worker's silence that we did not listen for so long."""
        for state in self._states:
            if state.busy_since is not None:
                state.busy_since += seconds

    def _reset_slots(self, policy: int, states: Sequence[WorkerState]) -> None:
        """Let a policy forget where an episode says so."""
        fresh = []
        for state in states:
            assert state.request is not None
            if state.request.reset:
                state.slot = self._slot(state.number, state.request)
                fresh.append(state.slot)
        if fresh:
            self._actor.reset(policy, fresh)

    def _slot(self, number: int, request: Request) -> Slot:
        spec = self._specs[request.episode]
        return make_slot(number, spec, request.episode, request.subtask)

    def _asked(self, state: WorkerState) -> Asked:
        assert state.slot is not None
        assert state.request is not None
        images = self._workers.images(state.number, state.policy)
        return Asked(state.policy, state.slot, state.request, images)

    def _finished(self, state: WorkerState, message: Finished) -> None:
        """Record an episode, unless it shared the call in which the policy raised."""
        assert state.job is not None
        if state.failure is not None and state.shared:
            self._requeue(state, replace(state.job, alone=True))
        else:
            self._finish(state, message.record, message.executed)

    def _finish(self, state: WorkerState, record: EpisodeRecord, executed: Executed) -> None:
        """Record an episode that has a result, or that is given up."""
        assert state.job is not None
        timing = {
            **record.timing,
            "seconds": round(self._clock() - state.job_began, 3),
            "worker": state.number,
            "attempt": state.job.attempt,
        }
        record = record.model_copy(update={"timing": timing})
        if state.failure is not None:
            results = self._first.failed((record, executed), state.failure)
        else:
            results = self._first.done() if record.error is None else []
            results.append((record, executed))
        for result in results:
            if self._recorder.finished(*result):
                self._replays.append(Job(result[0].episode, replay=True))
        state.free()

    def _failed(self, state: WorkerState, failure: Failed) -> None:
        """Stop the run, try again, or record an error, as far as the failure reaches."""
        assert state.job is not None
        state.failure = None  # what happened since is the environment's
        if not state.job.replay:
            self._stop_if_hopeless(state.job, failure)
        self._again(state, failure)

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

    def _died(self, state: WorkerState, death: Died) -> None:
        state.alive = False
        self._batcher.drop(state.number)
        if not state.ready:
            self._start_failed(death)
            if state.job is not None:
                self._requeue(state, state.job)
            return
        if state.job is None:
            return
        if state.env_key not in state.built:
            log = f" It printed last:\n{death.log}" if death.log else ""
            message = f"The worker that built it {death.reason}.{log}"
            self._failed(state, Failed("build", message, message))
            return
        details = f"The worker {death.reason}.\n{death.log}".strip()
        self._failed(state, Failed("episode", death.reason, details))

    def _start_failed(self, death: Died) -> None:
        self._failed_starts += 1
        most = MAX_KILLED_STARTS if death.killed else MAX_STARTS
        if self._failed_starts >= most:
            raise RunnerError(
                f"No worker can be started: the last {self._failed_starts} ended before they were "
                f"ready ({death.reason}). The last one printed:\n{death.log or '(nothing)'}"
            )

    def _again(self, state: WorkerState, failure: Failed) -> None:
        """Try a job once more, or record that it cannot be done."""
        job = state.job
        assert job is not None
        if failure.retry and job.attempt < self._limits.max_attempts:
            self._requeue(state, replace(job, attempt=job.attempt + 1))
        elif job.replay:
            state.free()
            self._recorder.replay_failed(job.index, failure.message)
        else:
            self._finish(state, self._error_record(job.index, failure.details), _NOTHING)

    def _requeue(self, state: WorkerState, job: Job) -> None:
        queue = self._replays if job.replay else self._episodes
        queue.appendleft(job)
        state.free()

    def _error_record(self, index: int, details: str) -> EpisodeRecord:
        spec = self._specs[index]
        return EpisodeRecord(
            episode=index, group=spec.group, seed=spec.seed, subtasks=(), error=details
        )

    def _check_hangs(self) -> None:
        """Kill whoever is silent for too long; nothing inside a stuck process could."""
        if not any(self._silent(state) for state in self._states):
            return
        while self._listen(0.0):
            pass  # what has arrived meanwhile was not silence
        for state in self._states:
            if self._silent(state):
                reason = f"was silent for {self._allowed(state):g} s and was killed"
                self._died(state, Died(reason, self._workers.kill(state.number)))

    def _silent(self, state: WorkerState) -> bool:
        """Whether a worker has said nothing for longer than it may."""
        if state.busy_since is None or not state.alive:
            return False
        return self._clock() - state.busy_since > self._allowed(state)

    def _allowed(self, state: WorkerState) -> float:
        """Return for how many seconds a worker may be silent."""
        return self._limits.watchdog if state.env_key in state.built else self._limits.start
