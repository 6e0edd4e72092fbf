"""``vla_gym.evaluate``: a policy over a suite, into a directory.

Everything that can be refused is refused before the first process starts; from then on every
finished episode is safe, and the same call goes on where the last one stopped.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_gym.contract.policy import Policy
from vla_gym.errors import OptionError, PolicyError
from vla_gym.files import shown
from vla_gym.plugins import SummaryEntry
from vla_gym.policies.ref import PolicyRef
from vla_gym.records import RunRecord
from vla_gym.registry import registry
from vla_gym.results import Results, load_results
from vla_gym.runner import provenance
from vla_gym.runner.batching import Batcher
from vla_gym.runner.engine import Engine, Limits, Work
from vla_gym.runner.journal import RESUME_HINT, Journal
from vla_gym.runner.messages import Start
from vla_gym.runner.options import RunOptions, Workers, run_options
from vla_gym.runner.policy_calls import Actor
from vla_gym.runner.policy_set import PolicySet, policy_set
from vla_gym.runner.policy_watch import PolicyWatch
from vla_gym.runner.pool import LocalWorkers
from vla_gym.runner.progress import NullWatcher, ProgressBar, Watcher
from vla_gym.runner.recording import JournalRecorder, log_path
from vla_gym.runner.threads import FixedThreads
from vla_gym.suites import Suite, jsonable, load_suite


def evaluate(
    policy: str | Policy,
    suite: str | Suite | Path,
    out: str | Path,
    options: RunOptions | None = None,
    *,
    policy_options: Mapping[str, Any] | None = None,
    suite_options: Mapping[str, Any] | None = None,
    **run: Any,
) -> Results:
    """Run a policy over the episodes of a suite and return what was found.

    Calling it again with the same ``out`` resumes: finished episodes are kept, the final numbers
    equal those of an uninterrupted run. Run options (and those options of a policy that only say
    how it is run, such as a device) may differ from call to call; policy, its weights, suite and
    number of threads may not.

    Args:
        policy: Registered name, path of a policy file, or a policy object (then left open).
        suite: Registered name, path of a suite file, or a suite.
        out: Directory of the run.
        options: How it is run: workers, limit, videos, watchdog and so on.
        policy_options: Options of a policy given by name.
        suite_options: Options of a suite given by name or path.
        **run: Single fields of ``RunOptions``, over those of ``options``.

    Returns:
        The results of all episodes recorded in ``out``.

    Raises:
        OptionError: When an option is unknown or has a value that is not acceptable.
        IncompatibleError: When policy and environment do not fit; nothing was started.
        ProtocolMismatchError: When ``out`` holds another run.
        JournalError: When ``out`` is in use, or cannot be written; what it holds is safe.
        PolicyError: When the policy raised or returned no actions; what was finished is safe.
        RunnerError: When no worker can be started or no environment built.
    """
    settings = run_options(options, run)
    the_suite = as_suite(suite, suite_options)
    with contextlib.ExitStack() as stack:
        threads = stack.enter_context(FixedThreads(settings.threads))
        policies = stack.enter_context(policy_set(_resolved(policy, policy_options), the_suite))
        threads.apply()  # a policy may have loaded what computes
        folder = Path(out).absolute()  # a policy may change the working directory
        journal = Journal(folder, retry_errors=settings.retry_errors)
        stack.enter_context(journal)
        plan = _Plan(policies, the_suite, settings)
        _begin(journal, plan)
        _run(journal, plan)
    return load_results(folder)


@dataclass(frozen=True)
class _Plan:
    """What is run, and how."""

    policies: PolicySet
    suite: Suite
    options: RunOptions

    @property
    def episodes(self) -> int:
        """How many episodes are asked for."""
        return len(self.suite.limited(self.options.limit))


def _begin(journal: Journal, plan: _Plan) -> None:
    """Say in the journal what is run and in which world."""
    world = {
        **provenance.collect(),
        "inference": provenance.inference(),
        "conversions": plan.policies.conversions,
        "policy_options": jsonable(plan.policies.said),
    }
    old = journal.run.provenance if journal.run else None
    run = _run_record(plan)
    if old is not None and plan.options.progress:
        for line in provenance.differences(old, world):
            print(f"Note: {line}", file=sys.stderr)
    journal.check(plan.suite.episodes)
    journal.begin(run.model_copy(update={"provenance": provenance.merged(old, world)}))


def _run(journal: Journal, plan: _Plan) -> None:
    """Run what is missing."""
    options, suite, policies = plan.options, plan.suite, plan.policies
    todo = [index for index in range(plan.episodes) if index not in journal.records]
    with contextlib.ExitStack() as stack:
        watcher = stack.enter_context(_watcher(journal, plan))
        recorder = JournalRecorder(
            journal,
            suite.episodes,
            watcher,
            video=options.video,
            max_videos=options.max_videos,
        )
        films = recorder.unfilmed()
        count = worker_count(options.workers, len(todo) + len(films))
        start = Start(tuple(policies.specs), suite.protocol)
        trusted = any(record.error is None for record in journal.records.values())
        safe = functools.partial(_safe, journal, plan.episodes)
        watch = stack.enter_context(PolicyWatch(options.policy_timeout, safe))
        engine = Engine(
            Work(suite.episodes, policies.numbers(suite.episodes), todo, films, trusted),
            actor=Actor(policies.members, policies.name, watch),
            workers=stack.enter_context(
                worker_pool(count, start, journal.out, patience=options.watchdog)
            ),
            recorder=recorder,
            batcher=Batcher(size=options.batch_size or count, wait=options.batch_wait),
            limits=limits(options),
        )
        with _explained(journal, plan.episodes):
            engine.run()


def worker_count(workers: Workers, jobs: int) -> int:
    """Return how many workers to use: one a core that we may use, never more than jobs."""
    if workers == "auto":
        affinity = getattr(os, "sched_getaffinity", None)
        workers = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(workers, jobs))


def as_suite(suite: str | Path | Suite, options: Mapping[str, Any] | None) -> Suite:
    """Return a suite that may be given by name or path, with options.

    Raises:
        OptionError: Options for a suite that is one already, or that it does not take.
        UnknownNameError: No such suite.
        SuiteError: A file that does not describe a suite.
    """
    if not isinstance(suite, Suite):
        return load_suite(str(suite), options)
    if options:
        raise OptionError(f"suite_options={dict(options)} given with a finished suite object.")
    return suite


def _resolved(policy: str | Policy, options: Mapping[str, Any] | None) -> PolicyRef | Policy:
    """Return a policy that may be given by name, as what the name means."""
    if isinstance(policy, str):
        return PolicyRef.parse(policy, options)
    if options:
        raise OptionError(f"policy_options={dict(options)} given with a finished policy.")
    return policy


def limits(options: RunOptions) -> Limits:
    """Return when the engine's patience ends."""
    return Limits(
        watchdog=options.watchdog,
        start=options.start_timeout,
        max_attempts=options.max_attempts,
        policy_errors=options.policy_errors,
    )


@contextlib.contextmanager
def worker_pool(
    count: int, start: Start, out: Path | None, *, patience: float
) -> Iterator[LocalWorkers]:
    """Yield workers, none of which is left when the block is.

    Args:
        count: How many.
        start: What each is told first.
        out: The directory that gets what they print; ``None`` drops it.
        patience: Seconds after which one that takes no message is killed.
    """
    log = None if out is None else log_path(out)
    pool = LocalWorkers(count, start, log=log, patience=patience)
    patient = False
    try:
        yield pool
        patient = True
    finally:
        pool.close(patient=patient)


def _run_record(plan: _Plan) -> RunRecord:
    suite, protocol = plan.suite, plan.suite.protocol
    registry().get(SummaryEntry, suite.table)  # nobody wants to know it only at the end
    specs = [spec.model_dump(mode="json") for spec in plan.policies.specs]
    policy = {
        "name": plan.policies.name,
        "options": plan.policies.identity,
        "spec": specs[0] if len(specs) == 1 else specs,
        "fingerprint": plan.policies.fingerprint,
    }
    return RunRecord(
        identity=jsonable(
            {
                "policy": policy,
                "threads": plan.options.threads,
                "suite": {"name": suite.name, "hash": suite.hash},
                "protocol": {**protocol.model_dump(mode="json"), "hash": protocol.hash},
            }
        ),
        protocol=protocol.model_dump(mode="json"),
        provenance={},
        episodes=plan.episodes,
        table=suite.table,
        chain_length=max(len(episode.subtasks) for episode in suite.episodes),
        published=tuple(row.model_dump(mode="json") for row in suite.published),
    )


@contextlib.contextmanager
def _watcher(journal: Journal, plan: _Plan) -> Iterator[Watcher]:
    if not plan.options.progress:
        yield NullWatcher()
        return
    done = [record for index, record in journal.records.items() if index < plan.episodes]
    length = max(len(episode.subtasks) for episode in plan.suite.episodes)
    with ProgressBar(plan.episodes, chain_length=length, done=done) as bar:
        yield bar


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
    where = shown(journal.out)
    return f"{done} of {episodes} episodes are finished and safe in {where}; {RESUME_HINT}."
