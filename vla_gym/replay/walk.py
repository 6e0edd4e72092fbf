"""The walk through a recorded episode: the same reset, the same actions, one at a time.

An environment that then goes another way is not deterministic, which the walk finds out by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vla_gym.contract.env import Observation
from vla_gym.env.registration import contract_of
from vla_gym.records import EpisodeRecord, Executed, Floats, SubTaskRecord
from vla_gym.replay.drive import Env, Info, Tally, begin_next, reset
from vla_gym.suites.spec import EpisodeSpec


@dataclass(frozen=True)
class Recorded:
    """An episode that was run.

    Attributes:
        index: Its number in the suite.
        spec: What was asked.
        record: How it went.
        executed: What was executed.
    """

    index: int
    spec: EpisodeSpec
    record: EpisodeRecord
    executed: Executed


@dataclass(frozen=True)
class Moment:
    """What is there before an action, or at the end of a sub-task.

    Attributes:
        subtask: Number of the sub-task at work.
        step: How many actions of it have been executed.
        observation: Without pictures; ``Walk.pictures`` takes them.
        info: What came with it.
        action: ``(a,)``, what is executed next; ``None`` at the end of a sub-task.
    """

    subtask: int
    step: int
    observation: Observation
    info: Info
    action: Floats | None


class Visitor(Protocol):
    """Looks at a walk; travels to a worker, so it is a small record, and so is what it returns."""

    def __call__(self, walk: Walk) -> Any:
        """Iterate over the walk and return what was seen."""
        ...


class Walk:
    """One walk; iterate over it once.

    Args:
        env: Where; what it renders into observations does not matter.
        spec: The episode.
        record: How it went.
        actions: What was executed, ``(steps, a)``.
        alive: Is called at every step, which may take long.

    Attributes:
        problem: How the outcome differed from the record; known when the walk is over.
    """

    def __init__(
        self,
        env: Env,
        spec: EpisodeSpec,
        record: EpisodeRecord,
        actions: Floats,
        *,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self.env, self.spec, self.record = env, spec, record
        self.problem = ""
        self._actions, self._alive = actions, alive

    @property
    def cameras(self) -> list[str]:
        """All cameras that the environment could have; ``env`` itself may render fewer."""
        return list(contract_of(self.spec.env_id, self.spec.env_kwargs).cameras)

    def pictures(self, cameras: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        """Return pictures of the present state, uint8 ``(H, W, 3)`` by camera."""
        return self.env.render_cameras(cameras)

    def __iter__(self) -> Iterator[Moment]:
        """Yield every moment: before each action, and at the end of each sub-task."""
        observation, info = reset(self.env, self.spec)
        start = completed = 0
        for number, done in enumerate(self.record.subtasks):
            if number:
                begin_next(self.env, self.spec.subtasks[number], completed, info)
            completed = int(info["subtask_index"])
            tally = Tally("final", done.steps, completed)
            for action in self._actions[start : start + done.steps]:
                yield Moment(number, tally.steps, observation, info, action)
                observation, _, _, _, info = self.env.step_chunk(action[None], observe=False)
                tally.count(1, info, over=False)
                self._alive()
            yield Moment(number, tally.steps, observation, info, None)
            start += done.steps
            self._compare(done, tally)

    def _compare(self, done: SubTaskRecord, tally: Tally) -> None:
        recorded = (done.first_success, done.final_success)
        again = (tally.first_success, tally.final_success)
        if recorded != again and not self.problem:
            self.problem = (
                f"episode {self.record.episode}, {done.name}, went differently when its actions "
                f"were done again: first and final success were {recorded} and then {again}; the "
                "environment is not deterministic"
            )
