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
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vla_gym.contract.env import Observation
from vla_gym.contract.policy import Policy
from vla_gym.datasets.demonstration import DatasetSpec, Demonstration
from vla_gym.datasets.lerobot_writer import LeRobotWriter
from vla_gym.envs import contract_of
from vla_gym.errors import DatasetError, RunnerError
from vla_gym.records import EpisodeRecord, RunRecord
from vla_gym.runner.episode import Env, Info, Tally, begin_next, reset
from vla_gym.runner.evaluation import evaluate, worker_count
from vla_gym.runner.journal import Journal
from vla_gym.runner.messages import Floats
from vla_gym.runner.worker import make_env
from vla_gym.suites.spec import EpisodeSpec, Suite

RUN = "run"
"""Where the run lies in the data set's folder."""

_Job = tuple[EpisodeSpec, EpisodeRecord, Floats]
_envs: dict[str, Env] = {}


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
        jobs = _jobs(suite, journal, have, limit)
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
    env: Env, spec: EpisodeSpec, record: EpisodeRecord, actions: Floats
) -> Iterator[Demonstration]:
    """Do the actions of an episode again and yield the sub-tasks that succeeded.

    Args:
        env: With all cameras that are wanted in its observations.
        spec: The episode.
        record: How it went.
        actions: What was executed, ``(steps, a)``.

    Raises:
        RunnerError: When it goes differently: the environment is not deterministic.
    """
    observation, info = reset(env, spec)
    start = completed = 0
    for number, done in enumerate(record.subtasks):
        if number:
            begin_next(env, spec.subtasks[number], completed, info)
        completed = int(info["subtask_index"])
        chosen = actions[start : start + done.steps]
        tally = Tally("final", done.steps, completed)
        seen, observation, info = _again(env, observation, info, chosen, tally)
        start += done.steps
        if (tally.first_success, tally.final_success) != (done.first_success, done.final_success):
            raise RunnerError(
                f"Episode {record.episode}, {done.name}, went differently when its actions were "
                "done again: the environment is not deterministic, so it is not recorded."
            )
        if done.success:
            yield _demonstration(record.episode, number, done.name, done.instruction, seen, chosen)


def _again(
    env: Env, observation: Observation, info: Info, actions: Floats, tally: Tally
) -> tuple[list[Observation], Observation, Info]:
    """Return what was seen before each action, and what after the last."""
    seen = []
    for action in actions:
        seen.append(observation)
        observation, _, _, _, info = env.step_chunk(action[None], observe=True)
        tally.count(1, info, over=False)
    return seen, observation, info


def _demonstration(
    episode: int, subtask: int, task: str, words: str, seen: list[Observation], actions: Floats
) -> Demonstration:
    roles = seen[0]["images"]
    return Demonstration(
        images={role: np.stack([one["images"][role] for one in seen]) for role in roles},
        proprioception=np.stack([one["proprioception"] for one in seen]).astype(np.float32),
        actions=actions.astype(np.float32),
        instruction=words,
        task=task,
        success=True,
        source={"episode": episode, "subtask": subtask},
    )


def _source(run: RunRecord | None) -> dict[str, Any]:
    identity = run.identity if run else {}
    return {"policy": identity.get("policy", {}), "suite": identity.get("suite", {})}


def _jobs(
    suite: Suite, journal: Journal, have: set[tuple[int, int]], limit: int | None
) -> list[_Job]:
    """Return the episodes of which something is missing."""
    jobs = []
    for index, spec in islice(enumerate(suite.episodes), limit):
        record, actions = journal.records[index], journal.actions(index)
        wanted = {(index, n) for n, done in enumerate(record.subtasks) if done.success}
        if wanted - have and record.error is None and actions is not None:
            jobs.append((spec, record, actions))
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
    spec, record, actions = job
    key = spec.model_dump_json(include={"env_id", "env_kwargs"})
    if key not in _envs:
        _close_envs()
        cameras = tuple(contract_of(spec.env_id, spec.env_kwargs).cameras)
        _envs[key] = make_env(spec.env_id, spec.env_kwargs, cameras=cameras)
    return list(demonstrations(_envs[key], spec, record, actions))


def _close_envs() -> None:
    while _envs:
        _envs.popitem()[1].close()
