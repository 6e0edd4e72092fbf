"""Whole episodes in a format of their own, such as play with sentences for some stretches of it.

``collect`` keeps what succeeded, an episode a sub-task. Methods that learn from play want what lies
between as well, in one piece. What that looks like on disk is the format's affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from vla_gym.contract.policy import Policy
from vla_gym.datasets.collection import RUN
from vla_gym.errors import DatasetError
from vla_gym.records import EpisodeRecord
from vla_gym.registry import registry
from vla_gym.runner.evaluation import evaluate
from vla_gym.runner.journal import Journal
from vla_gym.runner.messages import Floats
from vla_gym.suites.spec import EpisodeSpec, Suite


@dataclass(frozen=True)
class Finished:
    """An episode that was run, for ``vla_gym.runner.redo``.

    Attributes:
        spec: What was asked.
        record: How it went.
        actions: What was executed, ``(steps, a)``.
    """

    spec: EpisodeSpec
    record: EpisodeRecord
    actions: Floats


def record(
    policy: str | Policy,
    suite: Suite,
    *,
    form: str,
    out: Path,
    workers: int | Literal["auto"] = "auto",
    limit: int | None = None,
    policy_options: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> int:
    """Run a policy over a suite, let a format record the episodes; return how many stretches.

    The run is resumed as any other; the recording begins anew.

    Args:
        policy: Registered name, or a policy.
        suite: What it does.
        form: Registered name of a format with ``record(episodes, out)``.
        out: Folder of the data set; the run lies in ``run`` in it.
        workers: Processes of the run; ``"auto"`` is one a core.
        limit: Only the first so many episodes.
        policy_options: Keyword arguments of the policy.
        progress: Show how the run goes on standard error.

    Raises:
        DatasetError: When the format cannot record, or ``out`` holds a data set.
        RunnerError: When an episode went differently the second time.
    """
    recorder = getattr(registry().load("datasets", form), "record", None)
    if recorder is None:
        raise DatasetError(f"Format {form!r} cannot record whole episodes (it has no record()).")
    evaluate(
        policy,
        suite,
        out=out / RUN,
        workers=workers,
        limit=limit,
        video="none",
        policy_options=policy_options,
        progress=progress,
    )
    with Journal(out / RUN) as journal:
        return int(recorder(_finished(suite, journal, limit), out))


def _finished(suite: Suite, journal: Journal, limit: int | None) -> Iterator[Finished]:
    for index, spec in islice(enumerate(suite.episodes), limit):
        found, actions = journal.records[index], journal.actions(index)
        if found.error is None and actions is not None:
            yield Finished(spec, found, actions)
