"""One episode: from reset to the last sub-task, given an environment and someone to ask.

Pure logic: no process, no clock that matters, no policy. ``ask`` is called with an observation and
returns a chunk, whoever computes it, so the same code runs in a worker, in a test and in a thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from vla_gym.contract.adapter import EpisodeAdapter
from vla_gym.contract.env import Observation
from vla_gym.contract.info import step_facts, whole
from vla_gym.contract.policy import Chunk, PolicyInput
from vla_gym.error_text import described
from vla_gym.errors import ObservationError, Scope, VlaGymError, reach
from vla_gym.records import EpisodeRecord, Executed, SubTaskRecord, action_hash
from vla_gym.replay.drive import Env, Info, Tally, begin_next, reset
from vla_gym.runner.diagnosis import Trace
from vla_gym.suites.spec import EpisodeSpec, SubTask
from vla_gym.suites.spec import Protocol as Rules


class PolicyFailedError(Exception):
    """Whoever was asked has no answer: the policy raised, and this is the text of it."""


class Ask(Protocol):
    """Whoever returns the policy's chunk for an observation."""

    def __call__(self, seen: PolicyInput, *, subtask: int, reset: bool) -> Chunk:
        """Return the chunk of one slot; ``reset``: after the policy has forgotten."""
        ...


@dataclass(frozen=True)
class Rollout:
    """A finished episode and what it executed."""

    record: EpisodeRecord
    executed: Executed


class Episode:
    """Runs one episode, once."""

    def __init__(
        self,
        *,
        index: int,
        spec: EpisodeSpec,
        rules: Rules,
        env: Env,
        adapter: EpisodeAdapter,
        ask: Ask,
    ) -> None:
        """Prepare episode ``index``; nothing happens before ``run``."""
        self._index, self._spec, self._rules = index, spec, rules
        self._env, self._adapter, self._ask = env, adapter, ask
        self._trace = Trace(env.contract)
        self._seconds = {"reset": 0.0, "env": 0.0, "policy": 0.0}
        self._obs: Observation = {}
        self._info: Info = {}
        self._tallies: list[Tally] = []

    def run(self) -> Rollout:
        """Run it to its end.

        What another attempt would only repeat (an error of the policy, an action with NaN, an
        observation that breaks the contract) ends the episode and is its ``error``; whatever else
        the environment raises is the caller's affair.
        """
        error = None
        try:
            self._reset()
            self._run_subtasks()
        except PolicyFailedError as raised:
            error = str(raised)
        except VlaGymError as raised:
            if reach(raised) != (Scope.EPISODE, False):
                raise
            error = described(raised)
        return Rollout(self._record(error), self._trace.executed)

    def _reset(self) -> None:
        began = time.perf_counter()
        self._obs, self._info = reset(self._env, self._spec)
        self._seconds["reset"] += time.perf_counter() - began
        self._trace_state()

    def _run_subtasks(self) -> None:
        for number, subtask in enumerate(self._spec.subtasks):
            if number:
                begin_next(self._env, subtask, self._tallies[-1].completed, self._info)
            if number and self._rules.policy_reset == "subtask":
                self._adapter.reset()
            left_behind = step_facts(self._info).subtask_index
            tally = Tally(self._rules.success, subtask.max_steps, left_behind)
            self._tallies.append(tally)
            self._attempt(number, tally)
            if not tally.success and self._rules.stop_at_failure:
                return

    def _attempt(self, number: int, tally: Tally) -> None:
        """Work on one sub-task until it is decided."""
        forget = number == 0 or self._rules.policy_reset == "subtask"
        while not tally.over:
            chunk = self._decide(number, reset=forget)
            forget, done = False, 0
            while done < len(chunk.actions) and not tally.over:
                left = tally.limit - tally.steps
                done += self._execute(chunk[done : done + left], number, tally)
            self._adapter.executed(done)

    def _decide(self, number: int, *, reset: bool) -> Chunk:
        subtask = self._spec.subtasks[number]
        seen = self._adapter.observation(
            {**self._obs, "instruction": subtask.instruction}, self._info
        )
        self._trace.pictured(seen.images)
        began = time.perf_counter()
        chunk = self._ask(seen, subtask=number, reset=reset)
        self._seconds["policy"] += time.perf_counter() - began
        return self._adapter.convert(chunk, self._obs)

    def _execute(self, chunk: Chunk, number: int, tally: Tally) -> int:
        actions = chunk.actions
        last = number == len(self._spec.subtasks) - 1
        # Nobody looks at what comes after the last allowed step of the last sub-task.
        observe = not (last and tally.steps + len(actions) >= tally.limit)
        began = time.perf_counter()
        self._obs, _, terminated, truncated, self._info = self._env.step_chunk(
            actions, observe=observe
        )
        self._seconds["env"] += time.perf_counter() - began
        executed = whole(self._info.get("steps"), "info['steps']")
        if not 1 <= executed <= len(actions):
            raise ObservationError(f"step_chunk executed {executed} of {len(actions)} actions.")
        self._trace.acted(chunk[:executed])
        self._trace_state()
        tally.count(executed, self._info, over=terminated or truncated)
        return executed

    def _trace_state(self) -> None:
        self._trace.moved_to(self._obs["proprioception"])

    def _record(self, error: str | None) -> EpisodeRecord:
        spec = self._spec
        return EpisodeRecord(
            episode=self._index,
            group=spec.group,
            seed=spec.seed,
            subtasks=tuple(
                _subtask_record(subtask, tally, failed=error is not None and tally is self._last)
                for subtask, tally in zip(spec.subtasks, self._tallies, strict=False)
            ),
            actions=action_hash(self._trace.actions),
            error=error,
            diagnosis=self._trace.codes(),
            timing={f"{name}_s": round(s, 4) for name, s in self._seconds.items()},
        )

    @property
    def _last(self) -> Tally:
        return self._tallies[-1]


def _subtask_record(subtask: SubTask, tally: Tally, *, failed: bool) -> SubTaskRecord:
    return SubTaskRecord(
        name=subtask.name,
        instruction=subtask.instruction,
        success=tally.success and not failed,
        steps=tally.steps,
        first_success=tally.first_success,
        final_success=tally.final_success,
        metrics=tally.metrics,
    )
