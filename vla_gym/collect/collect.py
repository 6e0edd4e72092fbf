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
from typing import Any

import numpy as np

from vla_gym.contract.env import Observation
from vla_gym.contract.policy import Policy
from vla_gym.datasets.demonstration import DatasetSpec, Demonstration
from vla_gym.datasets.lerobot_writer import LeRobotWriter
from vla_gym.env.registration import contract_of
from vla_gym.errors import DatasetError
from vla_gym.records import EpisodeRecord, Executed, RunRecord, SubTaskRecord
from vla_gym.runner.episode import Env
from vla_gym.runner.evaluation import as_suite, evaluate, worker_count
from vla_gym.runner.journal import Journal
from vla_gym.runner.options import RunOptions, run_options
from vla_gym.runner.redo import Finished, finished, redo
from vla_gym.runner.worker import make_env
from vla_gym.suites.spec import EpisodeSpec, Suite

RUN = "run"
"""Where the run lies in the data set's folder."""

_envs: dict[str, Env] = {}
"""Of this process: the environment at work."""


def collect(
    policy: str | Policy,
    suite: str | Suite | Path,
    out: str | Path,
    options: RunOptions | None = None,
    *,
    policy_options: Mapping[str, Any] | None = None,
    suite_options: Mapping[str, Any] | None = None,
    **run: Any,
) -> LeRobotWriter:
    """Run a policy over a suite and record every sub-task that succeeded, as LeRobot v3.

    Where a policy says which steps demonstrate (``Chunk.demonstrates``), only these are; where it
    says what it meant instead (``Chunk.intended``), that is the label. The same call again goes on
    where it stopped, and ends with the same data set.

    Args:
        policy: Registered name, path of a policy file, or a policy.
        suite: Where the demonstrations begin and what they show; environments that offer the same.
        out: Folder of the data set; the run lies in ``run`` in it.
        options: How it is run; nothing is filmed.
        policy_options: Options of a policy given by name.
        suite_options: Options of a suite given by name or path.
        **run: Single fields of ``RunOptions``, over those of ``options``.

    Raises:
        DatasetError: When the environments of the suite differ, or ``out`` holds another data set.
        RunnerError: When an episode went differently the second time.
    """
    settings = run_options(options, {**run, "video": "none"})
    the_suite, folder = as_suite(suite, suite_options), Path(out)
    spec = dataset_spec(the_suite)
    evaluate(policy, the_suite, folder / RUN, settings, policy_options=policy_options)
    with Journal(folder / RUN) as journal:
        writer = LeRobotWriter(folder, spec, robot=the_suite.episodes[0].env_id)
        have = {_place(source) for source in writer.sources}
        jobs = _jobs(the_suite, journal, have, settings.limit)
        base = _source(journal.run)
        for demonstration in _recorded(jobs, worker_count(settings.workers, len(jobs))):
            source = {**base, **demonstration.source}
            if _place(source) not in have:
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
    env: Env, spec: EpisodeSpec, record: EpisodeRecord, executed: Executed
) -> Iterator[Demonstration]:
    """Do the actions of an episode again and yield what its successful sub-tasks demonstrate.

    Args:
        env: With all cameras that are wanted in its observations.
        spec: The episode.
        record: How it went.
        executed: What was executed, intended, and meant as a demonstration.

    Raises:
        RunnerError: When it goes differently: the environment is not deterministic.
    """
    moments = redo(env, spec, record, executed.actions)
    start = 0
    for number, stretch in groupby(moments, key=lambda moment: moment.subtask):
        done = record.subtasks[number]
        seen = [moment.observation for moment in stretch]
        for first, last in stretches(executed, start, start + done.steps) if done.success else ():
            source = {"episode": record.episode, "subtask": number, "step": first - start}
            part = seen[first - start : last - start]
            yield _demonstration(done, part, executed, (first, last), source)
        start += done.steps


def stretches(executed: Executed, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield first and past-the-last step of what demonstrates between ``start`` and ``end``."""
    if executed.demonstrates is None:
        if end > start:
            yield start, end
        return
    first = start
    for shown, steps in groupby(executed.demonstrates[start:end]):
        last = first + len(list(steps))
        if shown:
            yield first, last
        first = last


def _demonstration(
    done: SubTaskRecord,
    seen: list[Observation],
    executed: Executed,
    span: tuple[int, int],
    source: Mapping[str, Any],
) -> Demonstration:
    roles, part = seen[0]["images"], slice(*span)
    actions = executed.actions[part].astype(np.float32)
    labels = None if executed.intended is None else executed.intended[part].astype(np.float32)
    if labels is not None and np.array_equal(labels, actions):
        labels = None
    return Demonstration(
        images={role: np.stack([one["images"][role] for one in seen]) for role in roles},
        proprioception=np.stack([one["proprioception"] for one in seen]).astype(np.float32),
        actions=actions,
        instruction=done.instruction,
        task=done.name,
        success=True,
        labels=labels,
        source=source,
    )


def _source(run: RunRecord | None) -> dict[str, Any]:
    identity = run.identity if run else {}
    return {"policy": identity.get("policy", {}), "suite": identity.get("suite", {})}


def _jobs(
    suite: Suite, journal: Journal, have: set[tuple[int, int, int]], limit: int | None
) -> list[Finished]:
    """Return the episodes of which something is missing."""
    jobs = []
    for episode in finished(suite, journal, limit):
        if _wanted(episode) - have:
            jobs.append(episode)
    return jobs


def _wanted(episode: Finished) -> set[tuple[int, int, int]]:
    """Return episode, sub-task and first step of all that an episode demonstrates."""
    wanted, start = set(), 0
    for number, done in enumerate(episode.record.subtasks):
        if done.success:
            for first, _ in stretches(episode.executed, start, start + done.steps):
                wanted.add((episode.record.episode, number, first - start))
        start += done.steps
    return wanted


def _place(source: Mapping[str, Any]) -> tuple[int, int, int]:
    return source["episode"], source["subtask"], source.get("step", 0)


def _recorded(jobs: list[Finished], workers: int) -> Iterator[Demonstration]:
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


def _record(episode: Finished) -> list[Demonstration]:
    """Record an episode, in whatever process this is."""
    spec = episode.spec
    key = spec.model_dump_json(include={"env_id", "env_kwargs"})
    if key not in _envs:
        _close_envs()
        _envs[key] = make_env(spec.env_id, spec.env_kwargs)
    return list(demonstrations(_envs[key], spec, episode.record, episode.executed))


def _close_envs() -> None:
    while _envs:
        _envs.popitem()[1].close()
