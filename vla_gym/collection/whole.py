"""Whole episodes in a format of their own, such as play with sentences for some stretches of it.

``collect`` keeps what succeeded, an episode per sub-task. Methods that learn from play want what
lies between as well, in one piece. What that looks like on disk is the format's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vla_gym.collection.collect import RUN
from vla_gym.contract.policy import Policy
from vla_gym.datasets.demonstration import Footage
from vla_gym.datasets.formats import episode_recorder
from vla_gym.replay.frames import Frames
from vla_gym.replay.walk import Recorded
from vla_gym.runner.evaluation import as_suite, evaluate
from vla_gym.runner.journal import Journal
from vla_gym.runner.options import RunOptions, run_options
from vla_gym.runner.replays import recorded, replay_all
from vla_gym.suites.spec import Suite


def record(
    policy: str | Policy,
    suite: str | Suite | Path,
    out: str | Path,
    form: str,
    options: RunOptions | None = None,
    *,
    policy_options: Mapping[str, Any] | None = None,
) -> int:
    """Run a policy over a suite, let a format record the episodes; return how many stretches.

    The run is resumed as any other; the recording begins anew.

    Args:
        policy: Registered name, path of a policy file, or a policy.
        suite: What it does.
        out: Folder of the data set; the run lies in ``run`` in it.
        form: Registered name of a format with ``recorder(out)``.
        options: How it is run; nothing is filmed.
        policy_options: Options of a policy given by name.

    Raises:
        DatasetError: When the format cannot record, or ``out`` holds a data set.
        RunnerError: When an episode went differently the second time.
    """
    begin = episode_recorder(form)
    settings = run_options(options, {"video": "none"})
    the_suite, folder = as_suite(suite, None), Path(out)
    evaluate(policy, the_suite, folder / RUN, settings, policy_options=policy_options)
    recorder = begin(folder)
    visitor = Frames(info=tuple(recorder.info))

    def deliver(episode: Recorded, footage: Footage) -> None:
        footage = replace(footage, env_kwargs=episode.spec.env_kwargs)
        recorder.add(episode.record, episode.executed, footage)

    with Journal(folder / RUN) as journal:
        episodes = list(recorded(the_suite, journal, settings.limit))
        replay_all(episodes, lambda _: visitor, deliver, options=settings, log=journal.out)
    return recorder.close()
