"""Demonstrations from a run: a policy is evaluated, and what succeeded is recorded.

The run is an ordinary one (many workers, resumable, with a journal). Recording does the journal's
actions again, now with all cameras, so that collecting adds nothing to the runner, pictures are
drawn only of what is kept, and cameras or sizes can be changed afterwards without a new run.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from vla_gym.contract.env import Observation
from vla_gym.contract.policy import DisturbedExpert, LateExpert, Policy
from vla_gym.datasets.demonstration import DatasetSpec, Demonstration
from vla_gym.datasets.labelling import Watcher
from vla_gym.datasets.lerobot_writer import LeRobotWriter
from vla_gym.env.registration import contract_of
from vla_gym.errors import DatasetError
from vla_gym.policies.factory import make_policy, policy_factory
from vla_gym.records import EpisodeRecord, RunRecord, SubTaskRecord
from vla_gym.runner.episode import Env
from vla_gym.runner.evaluation import evaluate, worker_count
from vla_gym.runner.journal import Journal
from vla_gym.runner.messages import Floats
from vla_gym.runner.redo import Finished, Moment, finished, redo
from vla_gym.runner.worker import make_env
from vla_gym.suites.spec import EpisodeSpec, Suite

RUN = "run"
"""Where the run lies in the data set's folder."""

_Expert = tuple[str, Mapping[str, Any]]
_Job = tuple[Finished, _Expert | None, tuple[int, int]]
_envs: dict[str, tuple[Env, DisturbedExpert | None]] = {}
"""Of this process: the environment at work, and the expert that is asked for labels in it."""


def collect(
    policy: str | Policy,
    suite: Suite,
    *,
    out: Path,
    workers: int | Literal["auto"] = "auto",
    limit: int | None = None,
    policy_options: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> LeRobotWriter:
    """Run a policy over a suite and record every sub-task that succeeded, as LeRobot v3.

    Of a ``LateExpert`` only what it does itself is recorded.

    The same call again goes on where it stopped, and ends with the same data set.

    Args:
        policy: Registered name, or a policy.
        suite: Where the demonstrations begin and what they show; all of one environment.
        out: Folder of the data set; the run lies in ``run`` in it.
        workers: Processes; ``"auto"`` is one a core.
        limit: Only the first so many episodes.
        policy_options: Keyword arguments of the policy.
        progress: Show how the run goes on standard error.

    Raises:
        DatasetError: When the suite has several environments, or ``out`` another data set.
        RunnerError: When an episode went differently the second time.
    """
    spec = dataset_spec(suite)
    run = out / RUN
    evaluate(
        policy,
        suite,
        out=run,
        workers=workers,
        limit=limit,
        video="none",
        policy_options=policy_options,
        progress=progress,
    )
    with Journal(run) as journal:
        writer = LeRobotWriter(out, spec, robot=suite.episodes[0].env_id)
        have = {(source["episode"], source["subtask"]) for source in writer.sources}
        options = dict(policy_options or {})
        first = _demonstrates_from(policy, suite, options)
        jobs = _jobs(suite, journal, have, limit, _expert(policy, options), first)
        base = _source(journal.run)
        for demonstration in _recorded(jobs, worker_count(workers, len(jobs))):
            source = {**base, **demonstration.source}
            if (source["episode"], source["subtask"]) not in have:
                writer.add(replace(demonstration, source=source))
        writer.close()
    return writer


def dataset_spec(suite: Suite) -> DatasetSpec:
    """Return what a suite's environment shows, as the spec of a data set.

    Raises:
        DatasetError: When its episodes differ in it.
    """
    contracts = {name: contract_of(name, kwargs) for name, kwargs in suite.envs()}
    specs = [DatasetSpec.of(contract) for contract in contracts.values()]
    if any(spec != specs[0] for spec in specs):
        raise DatasetError(
            f"Suite {suite.name!r} has environments that differ in cameras, proprioception or "
            f"action ({', '.join(contracts)}): collect them one at a time."
        )
    return specs[0]


def demonstrations(
    env: Env,
    spec: EpisodeSpec,
    record: EpisodeRecord,
    actions: Floats,
    *,
    expert: DisturbedExpert | None = None,
    first: tuple[int, int] = (0, 0),
) -> Iterator[Demonstration]:
    """Do the actions of an episode again and yield the sub-tasks that succeeded.

    Args:
        env: With all cameras that are wanted in its observations.
        spec: The episode.
        record: How it went.
        actions: What was executed, ``(steps, a)``.
        expert: Who acted, asked for labels.
        first: Only sub-tasks from this one on, and of each steps from this one on; another policy
            may have done what is before.

    Raises:
        RunnerError: When it goes differently: the environment is not deterministic.
    """
    watcher = None if expert is None else Watcher(expert, env, spec, record.episode)
    moments = redo(env, spec, record, actions)
    for number, stretch in groupby(moments, key=lambda moment: moment.subtask):
        done = record.subtasks[number]
        if number < first[0]:
            continue
        if watcher is not None:
            watcher.begin(number, done.instruction)
        seen, executed, labels = _watched(stretch, watcher, first[1])
        if done.success and seen:
            source = {"episode": record.episode, "subtask": number}
            yield _demonstration(done, seen, np.stack(executed), np.array(labels), source)


def _watched(
    stretch: Iterator[Moment], watcher: Watcher | None, first: int
) -> tuple[list[Observation], list[Floats], list[Floats]]:
    """Return observations, actions and labels of a sub-task from a step on."""
    seen, executed, labels = [], [], []
    for step, moment in enumerate(stretch):
        if step >= first:
            seen.append(moment.observation)
            executed.append(moment.action)
        if watcher is not None and step < first:
            watcher.watch(moment)
        elif watcher is not None:
            labels.append(watcher.label(moment))
    return seen, executed, labels


def _demonstration(
    done: SubTaskRecord,
    seen: list[Observation],
    actions: Floats,
    labels: Floats,
    source: Mapping[str, Any],
) -> Demonstration:
    roles = seen[0]["images"]
    disturbed = len(labels) > 0 and not np.array_equal(labels, actions.astype(np.float32))
    return Demonstration(
        images={role: np.stack([one["images"][role] for one in seen]) for role in roles},
        proprioception=np.stack([one["proprioception"] for one in seen]).astype(np.float32),
        actions=actions.astype(np.float32),
        instruction=done.instruction,
        task=done.name,
        success=True,
        labels=labels.astype(np.float32) if disturbed else None,
        source=source,
    )


def _source(run: RunRecord | None) -> dict[str, Any]:
    identity = run.identity if run else {}
    return {"policy": identity.get("policy", {}), "suite": identity.get("suite", {})}


def _expert(policy: str | Policy, options: Mapping[str, Any]) -> _Expert | None:
    """Return name and options of a policy that can be disturbed."""
    if isinstance(policy, str) and hasattr(policy_factory(policy), "intended"):
        return policy, options
    return None


def _demonstrates_from(
    policy: str | Policy, suite: Suite, options: Mapping[str, Any]
) -> tuple[int, int]:
    """Return sub-task and step from which on a policy shows what should be learned."""
    if isinstance(policy, str) and hasattr(policy_factory(policy), "demonstrates_from"):
        contract = contract_of(*next(suite.envs()))
        policy = make_policy(policy, env_contract=contract, options=options)
    return policy.demonstrates_from if isinstance(policy, LateExpert) else (0, 0)


def _jobs(
    suite: Suite,
    journal: Journal,
    have: set[tuple[int, int]],
    limit: int | None,
    expert: _Expert | None,
    first: tuple[int, int],
) -> list[_Job]:
    """Return the episodes of which something is missing."""
    jobs: list[_Job] = []
    for episode in finished(suite, journal, limit):
        record = episode.record
        subtasks = list(enumerate(record.subtasks))[first[0] :]
        good = [number for number, done in subtasks if done.success and done.steps > first[1]]
        wanted = {(record.episode, number) for number in good}
        if wanted - have:
            jobs.append((episode, expert, first))
    return jobs


def _recorded(jobs: list[_Job], workers: int) -> Iterator[Demonstration]:
    """Yield the demonstrations of all jobs in order, with few of them in memory."""
    if workers == 1:
        for job in jobs:
            yield from _record(job)
        _close_envs()
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting: list[Future[list[Demonstration]]] = []
        for job in jobs:
            waiting.append(pool.submit(_record, job))
            if len(waiting) > 2 * workers:
                yield from waiting.pop(0).result()
        for future in waiting:
            yield from future.result()


def _record(job: _Job) -> list[Demonstration]:
    """Record an episode, in whatever process this is."""
    episode, expert, first = job
    spec = episode.spec
    key = f"{spec.model_dump_json(include={'env_id', 'env_kwargs'})} {expert}"
    if key not in _envs:
        _close_envs()
        env = make_env(spec.env_id, spec.env_kwargs)
        _envs[key] = (env, _asked(expert, env))
    env, asked = _envs[key]
    found = demonstrations(env, spec, episode.record, episode.actions, expert=asked, first=first)
    return list(found)


def _asked(expert: _Expert | None, env: Env) -> DisturbedExpert | None:
    if expert is None:
        return None
    made: Any = make_policy(expert[0], env_contract=env.contract, options=expert[1])
    return cast(DisturbedExpert, made)


def _close_envs() -> None:
    while _envs:
        _envs.popitem()[1][0].close()
