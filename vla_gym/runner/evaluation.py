"""``vla_gym.evaluate``: a policy over a suite, into a directory.

Everything that can be refused is refused before the first process starts; from then on every
finished episode is safe, and the same call goes on where the last one stopped.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from vla_gym.contract.adapter import adapt
from vla_gym.contract.policy import Policy
from vla_gym.contract.spec import EnvContract
from vla_gym.env.registration import contract_of
from vla_gym.errors import OptionError, PolicyError, RunnerError, VlaGymError
from vla_gym.policies import make_policy
from vla_gym.policies.factory import file_options
from vla_gym.policies.file import merged
from vla_gym.records import RunRecord
from vla_gym.results import Results, load_results
from vla_gym.runner import provenance
from vla_gym.runner.acting import Actor, close_policy, policy_spec
from vla_gym.runner.batching import Batcher
from vla_gym.runner.engine import Engine, Limits, Work
from vla_gym.runner.journal import AGAIN, Journal
from vla_gym.runner.messages import Start
from vla_gym.runner.pool import LocalWorkers
from vla_gym.runner.progress import Nobody, ProgressBar, Watcher
from vla_gym.runner.recording import JournalRecorder, Video, log_path
from vla_gym.suites import Suite, jsonable, load_suite


def evaluate(
    policy: str | Policy,
    suite: str | Suite | Path,
    *,
    out: str | Path,
    workers: int | Literal["auto"] = "auto",
    limit: int | None = None,
    batch_size: int | None = None,
    batch_wait: float = 0.01,
    video: Video = "failures",
    max_videos: int | None = 100,
    policy_options: Mapping[str, Any] | None = None,
    suite_options: Mapping[str, Any] | None = None,
    progress: bool = True,
    watchdog: float = 300.0,
    max_attempts: int = 3,
    retry_errors: bool = False,
) -> Results:
    """Run a policy over the episodes of a suite and return what was found.

    Calling it again with the same ``out`` resumes: finished episodes are kept, the final numbers
    equal those of an uninterrupted run. Workers, batches, waits, videos and attempts never change
    a number, so they may differ from call to call; policy, suite and their options may not.

    Args:
        policy: Registered name, path of a policy file, or a policy object (then left open).
        suite: Registered name, path of a suite file, or a suite.
        out: Directory of the run.
        workers: Processes that run environments; ``"auto"`` is one a core.
        limit: Only the first so many episodes; may grow from call to call.
        batch_size: Most observations in one call of the policy; the number of workers if ``None``.
        batch_wait: Seconds to wait for a batch to fill, at most.
        video: Which episodes are filmed (afterwards, by doing their actions again).
        max_videos: Most videos in the directory; ``None`` is no limit.
        policy_options: Keyword arguments of a policy given by name.
        suite_options: Keyword arguments of a suite given by name or path.
        progress: Show how it goes on standard error.
        watchdog: Seconds of silence after which a worker is killed and replaced.
        max_attempts: How often an episode is tried when its worker dies or its environment raises.
        retry_errors: Run episodes again that ended in an error.

    Returns:
        The results of all episodes recorded in ``out``.

    Raises:
        IncompatibleError: When policy and environment do not fit; nothing was started.
        ProtocolMismatchError: When ``out`` holds another run.
        JournalError: When ``out`` is in use, or cannot be written; what it holds is safe.
        PolicyError: When the policy raised or returned no actions; what was finished is safe.
        RunnerError: When no worker can be started or no environment built.
    """
    _check_options(workers, limit, batch_size, batch_wait, video, watchdog, max_attempts)
    the_suite = _suite(suite, suite_options)
    episodes = len(the_suite.limited(limit))
    with contextlib.ExitStack() as stack:
        name, the_policy = stack.enter_context(_policy(policy, policy_options, the_suite))
        conversions = _check_compatible(the_policy, the_suite)
        journal = stack.enter_context(Journal(Path(out), retry_errors=retry_errors))
        options = dict(policy_options or {})
        if isinstance(policy, str):  # what a file says counts, not only where it lies
            options = merged(file_options(policy), options)
        run = _run_record(name, options, the_policy, the_suite, episodes)
        world = {**provenance.collect(), "conversions": conversions}
        old = journal.run.provenance if journal.run else None
        journal.begin(run.model_copy(update={"provenance": provenance.merged(old, world)}))
        todo = [index for index in range(episodes) if index not in journal.records]
        watcher = stack.enter_context(_watcher(progress, journal, the_suite, episodes))
        recorder = JournalRecorder(journal, watcher, video=video, max_videos=max_videos)
        films = recorder.unfilmed()
        count = worker_count(workers, len(todo) + len(films))
        pool = stack.enter_context(_pool(count, the_policy, the_suite, Path(out)))
        engine = Engine(
            Work(the_suite.episodes, todo, films),
            actor=Actor(the_policy, name),
            workers=pool,
            recorder=recorder,
            batcher=Batcher(size=batch_size or count, wait=batch_wait),
            limits=Limits(watchdog=watchdog, max_attempts=max_attempts),
        )
        with _explained(journal, episodes):
            engine.run()
    return load_results(out)


def worker_count(workers: int | Literal["auto"], jobs: int) -> int:
    """Return how many workers to use: one a core that we may use, never more than jobs."""
    if workers == "auto":
        affinity = getattr(os, "sched_getaffinity", None)
        workers = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(workers, jobs))


def _check_options(
    workers: int | str,
    limit: int | None,
    batch_size: int | None,
    batch_wait: float,
    video: str,
    watchdog: float,
    max_attempts: int,
) -> None:
    if workers != "auto" and (not isinstance(workers, int) or workers < 1):
        raise OptionError(f"workers={workers!r}, expected a number from 1 or 'auto'.")
    if video not in get_args(Video):
        raise OptionError(f"video={video!r}, expected one of {', '.join(get_args(Video))}.")
    counts = {"limit": limit, "batch_size": batch_size, "max_attempts": max_attempts}
    for name, value in counts.items():
        if value is not None and value < 1:
            raise OptionError(f"{name}={value}, expected a number from 1.")
    if batch_wait < 0 or watchdog <= 0:
        raise OptionError(
            f"batch_wait={batch_wait}, watchdog={watchdog}: expected seconds, batch_wait >= 0 and "
            "watchdog > 0."
        )


def _suite(suite: str | Path | Suite, options: Mapping[str, Any] | None) -> Suite:
    if not isinstance(suite, Suite):
        return load_suite(str(suite), options)
    if options:
        raise OptionError(f"suite_options={dict(options)} given with a finished suite object.")
    return suite


@contextlib.contextmanager
def _policy(
    policy: str | Policy, options: Mapping[str, Any] | None, suite: Suite
) -> Iterator[tuple[str, Policy]]:
    """Yield a policy and its name; one that was made here is closed here."""
    if isinstance(policy, str):
        contract = _contract(*next(iter(suite.envs())))
        made = make_policy(policy, env_contract=contract, options=options)
        try:
            yield policy, made
        finally:
            close_policy(policy, made)
    elif options:
        raise OptionError(f"policy_options={dict(options)} given with a finished policy object.")
    else:
        kind = type(policy)
        name = f"{kind.__module__}.{kind.__qualname__}"
        policy_spec(policy, name)
        yield getattr(policy, "name", name), policy


def _contract(env_id: str, env_kwargs: Mapping[str, Any]) -> EnvContract:
    """Return what an environment offers.

    Raises:
        RunnerError: Whatever its code raises that is not ours, ``SystemExit`` included.
    """
    try:
        return contract_of(env_id, env_kwargs)
    except VlaGymError:
        raise
    except (Exception, SystemExit) as error:
        raise RunnerError(
            f"{env_id} cannot be built. {type(error).__name__}: {error} (env_kwargs: "
            f"{dict(env_kwargs)})"
        ) from error


def _check_compatible(policy: Policy, suite: Suite) -> dict[str, Any]:
    """Return how policy and environments are converted into each other, or raise."""
    described = {}
    for env_id, env_kwargs in suite.envs():
        adapter = adapt(policy.spec, _contract(env_id, env_kwargs), env_id=env_id)
        described[env_id] = adapter.describe()
    return described


def _run_record(
    name: str, options: Mapping[str, Any], policy: Policy, suite: Suite, episodes: int
) -> RunRecord:
    spec = policy.spec.model_dump(mode="json")
    protocol = suite.protocol
    return RunRecord(
        identity=jsonable(
            {
                "policy": {"name": name, "options": options, "spec": spec},
                "suite": {"name": suite.name, "hash": suite.hash},
                "protocol": {**protocol.model_dump(mode="json"), "hash": protocol.hash},
            }
        ),
        protocol=protocol.model_dump(mode="json"),
        provenance={},
        episodes=episodes,
        table=suite.table,
        chain_length=max(len(episode.subtasks) for episode in suite.episodes),
        published=tuple(row.model_dump(mode="json") for row in suite.published),
    )


@contextlib.contextmanager
def _watcher(progress: bool, journal: Journal, suite: Suite, episodes: int) -> Iterator[Watcher]:
    if not progress:
        yield Nobody()
        return
    done = [record for index, record in journal.records.items() if index < episodes]
    length = max(len(episode.subtasks) for episode in suite.episodes)
    with ProgressBar(episodes, chain_length=length, done=done) as bar:
        yield bar


@contextlib.contextmanager
def _pool(count: int, policy: Policy, suite: Suite, out: Path) -> Iterator[LocalWorkers]:
    """Yield workers, none of which is left when the block is."""
    start = Start(policy.spec, suite.protocol)
    pool = LocalWorkers(count, start, log=log_path(out))
    patient = False
    try:
        yield pool
        patient = True
    finally:
        pool.close(patient=patient)


@contextlib.contextmanager
def _explained(journal: Journal, episodes: int) -> Iterator[None]:
    """Say what is safe when a run is stopped by its user or by its policy."""
    try:
        yield
    except PolicyError as error:
        raise PolicyError(f"{error}\n{_safe(journal, episodes)}") from error.__cause__
    except KeyboardInterrupt:
        print(f"\nStopped. {_safe(journal, episodes)}", file=sys.stderr)
        raise


def _safe(journal: Journal, episodes: int) -> str:
    done = sum(index < episodes for index in journal.records)
    return f"{done} of {episodes} episodes are finished and safe in {journal.out}; {AGAIN}."
