"""A recorded episode done again, so that what was not kept can still be seen.

A journal holds actions, not pictures. Whoever wants pictures, or the simulator's state, does the
actions again; an environment that then goes another way is not deterministic, which is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from vla_gym.contract.env import Observation
from vla_gym.errors import RunnerError
from vla_gym.records import EpisodeRecord, Executed, SubTaskRecord
from vla_gym.runner.episode import Env, Info, Tally, begin_next, reset
from vla_gym.runner.journal import Journal
from vla_gym.runner.messages import Floats
from vla_gym.suites.spec import EpisodeSpec, Suite


@dataclass(frozen=True)
class Finished:
    """An episode that was run.

    Attributes:
        spec: What was asked.
        record: How it went.
        executed: What was executed.
    """

    spec: EpisodeSpec
    record: EpisodeRecord
    executed: Executed


def finished(suite: Suite, journal: Journal, limit: int | None = None) -> Iterator[Finished]:
    """Yield the episodes of a run that can be done again: those without an error."""
    for index, spec in islice(enumerate(suite.episodes), limit):
        record = journal.records[index]
        if record.error is None and (executed := journal.executed(index)) is not None:
            yield Finished(spec, record, executed)


@dataclass(frozen=True)
class Moment:
    """What was there before an action, and the action.

    Attributes:
        subtask: Number of the sub-task at work.
        observation: With the pictures of the environment's cameras.
        info: Likewise of before the action.
        action: ``(a,)``, what was executed.
    """

    subtask: int
    observation: Observation
    info: Info
    action: Floats


def redo(env: Env, spec: EpisodeSpec, record: EpisodeRecord, actions: Floats) -> Iterator[Moment]:
    """Do the actions of an episode again and yield every moment of it.

    Args:
        env: With all cameras that are wanted in its observations.
        spec: The episode.
        record: How it went.
        actions: What was executed, ``(steps, a)``.

    Raises:
        RunnerError: When a sub-task goes differently; its moments have been yielded by then.
    """
    observation, info = reset(env, spec)
    start = completed = 0
    for number, done in enumerate(record.subtasks):
        if number:
            begin_next(env, spec.subtasks[number], completed, info)
        completed = int(info["subtask_index"])
        tally = Tally("final", done.steps, completed)
        for action in actions[start : start + done.steps]:
            yield Moment(number, observation, info, action)
            observation, _, _, _, info = env.step_chunk(action[None], observe=True)
            tally.count(1, info, over=False)
        start += done.steps
        _check_same(record.episode, done, tally)


def _check_same(episode: int, done: SubTaskRecord, tally: Tally) -> None:
    if (tally.first_success, tally.final_success) != (done.first_success, done.final_success):
        raise RunnerError(
            f"Episode {episode}, {done.name}, went differently when its actions were done again: "
            "the environment is not deterministic, so it is not recorded."
        )
