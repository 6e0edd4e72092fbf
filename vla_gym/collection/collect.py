"""Demonstrations from a run: a policy is evaluated, and what succeeded is recorded.

The run is an ordinary one (many workers, resumable, with a journal). Recording does the journal's
actions again, now with all cameras, so that collecting adds nothing to the runner, pictures are
drawn only of what is kept, and cameras or sizes can be changed afterwards without a new run.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vla_gym.contract.policy import Policy
from vla_gym.datasets.conversion import CONVERTED
from vla_gym.datasets.demonstration import DatasetSpec, Demonstration, Footage
from vla_gym.datasets.lerobot_writer import LeRobotWriter
from vla_gym.env.registration import contract_of
from vla_gym.errors import DatasetError
from vla_gym.files import sweep
from vla_gym.records import Executed
from vla_gym.replay.frames import Frames
from vla_gym.replay.walk import Recorded
from vla_gym.runner.evaluation import as_suite, evaluate
from vla_gym.runner.journal import Journal
from vla_gym.runner.options import RunOptions, run_options
from vla_gym.runner.replays import recorded, replay_all
from vla_gym.suites.spec import Suite

RUN = "run"
"""Where the run lies in the data set's folder."""


class Stretch(NamedTuple):
    """Steps of an episode, ``first`` to before ``last``, that demonstrate a sub-task."""

    subtask: int
    first: int
    last: int


Place = tuple[int, int, int]
"""Episode, sub-task and step of it where a demonstration begins."""


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
    if _forget_damaged(folder / RUN):
        evaluate(policy, the_suite, folder / RUN, settings, policy_options=policy_options)
    with Journal(folder / RUN) as journal:
        sweep(folder)
        writer = LeRobotWriter(folder, spec, robot=the_suite.episodes[0].env_id)
        _record_missing(writer, journal, the_suite, settings)
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


def stretches(episode: Recorded) -> list[Stretch]:
    """Return what an episode demonstrates: of sub-tasks that succeeded, the steps that show it."""
    found, start = [], 0
    for number, done in enumerate(episode.record.subtasks):
        end = start + done.steps
        if done.success:
            found += [Stretch(number, *span) for span in _shown(episode.executed, start, end)]
        start = end
    return found


def demonstrations(episode: Recorded, footage: Footage) -> Iterator[Demonstration]:
    """Yield the demonstrations of an episode.

    Args:
        episode: What was done.
        footage: What was seen, of the steps of all ``stretches``.
    """
    executed = episode.executed
    for stretch, place in zip(stretches(episode), places(episode), strict=True):
        done = episode.record.subtasks[stretch.subtask]
        rows = slice(*np.searchsorted(footage.steps, stretch[1:]))
        steps = slice(stretch.first, stretch.last)
        actions = executed.actions[steps].astype(np.float32)
        labels = None if executed.intended is None else executed.intended[steps].astype(np.float32)
        yield Demonstration(
            images={role: pictures[rows] for role, pictures in footage.images.items()},
            proprioception=footage.proprioception[rows],
            actions=actions,
            instruction=done.instruction,
            task=done.name,
            success=True,
            labels=None if labels is None or np.array_equal(labels, actions) else labels,
            source=dict(zip(("episode", "subtask", "step"), place, strict=True)),
        )


def places(episode: Recorded) -> list[Place]:
    """Return where the demonstrations of an episode begin, as a data set remembers it."""
    starts = np.cumsum([0, *(done.steps for done in episode.record.subtasks)])
    return [
        (episode.index, stretch.subtask, stretch.first - int(starts[stretch.subtask]))
        for stretch in stretches(episode)
    ]


def _forget_damaged(run: Path) -> bool:
    """Let episodes be run again whose actions are lost (a power cut); say whether there are any."""
    with Journal(run) as journal:
        lost = [
            index
            for index, record in journal.records.items()
            if record.error is None and journal.executed(index) is None
        ]
        if lost:
            lines = f"{run}: the actions of episodes {lost[:8]} are lost; they are run again."
            warnings.warn(lines, stacklevel=3)
            journal.forget(lost)
    return bool(lost)


def _record_missing(
    writer: LeRobotWriter, journal: Journal, suite: Suite, options: RunOptions
) -> None:
    """Do again what a data set lacks, and write it."""
    base = _source(journal)
    have = {_place(source, base, writer.root) for source in writer.sources}

    def deliver(episode: Recorded, footage: Footage) -> None:
        for demonstration in demonstrations(episode, footage):
            source = {**base, **demonstration.source}
            if _place(source, base, writer.root) not in have:
                writer.add(replace(demonstration, source=source))

    missing = [e for e in recorded(suite, journal, options.limit) if set(places(e)) - have]
    replay_all(missing, _frames, deliver, options=options, log=journal.out)


def _frames(episode: Recorded) -> Frames:
    """Return the visitor that draws what is kept of an episode."""
    kept = np.zeros(len(episode.executed.actions), bool)
    for stretch in stretches(episode):
        kept[stretch.first : stretch.last] = True
    return Frames(steps=kept)


def _shown(executed: Executed, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield first and past-the-last step of what demonstrates between two steps."""
    shown = np.ones(end, bool) if executed.demonstrates is None else executed.demonstrates
    first = start
    for demonstrates, steps in groupby(shown[start:end]):
        last = first + len(list(steps))
        if demonstrates:
            yield first, last
        first = last


def _place(source: Mapping[str, Any], base: Mapping[str, Any], root: Path) -> Place:
    """Return where a demonstration begins; refuse one that another run or a conversion wrote."""
    begun = {key: source.get(key) for key in base}
    if CONVERTED in source or "subtask" not in source or begun != json.loads(json.dumps(base)):
        raise DatasetError(
            f"{root} was begun with another source: it holds an episode of {dict(source)}, not of "
            f"{dict(base)}. Give another --out."
        )
    return source["episode"], source["subtask"], source.get("step", 0)


def _source(journal: Journal) -> dict[str, Any]:
    identity = journal.run.identity if journal.run else {}
    return {"policy": identity.get("policy", {}), "suite": identity.get("suite", {})}
