"""Whole episodes in a format of their own, such as play with sentences for some stretches of it.

``collect`` keeps what succeeded, an episode a sub-task. Methods that learn from play want what lies
between as well, in one piece. What that looks like on disk is the format's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from vla_gym.contract.policy import Policy
from vla_gym.datasets.collection import RUN
from vla_gym.errors import DatasetError
from vla_gym.registry import registry
from vla_gym.runner.evaluation import evaluate
from vla_gym.runner.journal import Journal
from vla_gym.runner.redo import finished
from vla_gym.suites.spec import Suite


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
        return int(recorder(finished(suite, journal, limit), out))
