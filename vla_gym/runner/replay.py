"""Videos are filmed afterwards: the same episode, the same actions, now with pictures.

So nothing is rendered for videos that nobody keeps, and no record depends on whether it was filmed.
Filming is also a test: an episode that ends differently the second time is not deterministic, and
that is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vla_gym.env.registration import contract_of
from vla_gym.records import EpisodeRecord, SubTaskRecord
from vla_gym.report.video import compose_frame, write_video
from vla_gym.runner.episode import Env, Info, Tally, begin_next, reset
from vla_gym.runner.messages import Floats
from vla_gym.suites.spec import EpisodeSpec

FILM_HZ = 15.0
"""Pictures a second of simulated time, about."""
HOLD_SECONDS = 1.0
"""How long the picture with the verdict stays."""

Frame = npt.NDArray[np.uint8]


def film(
    env: Env,
    spec: EpisodeSpec,
    record: EpisodeRecord,
    actions: Floats,
    path: Path,
    *,
    alive: Callable[[], None],
) -> str:
    """Write the video of an episode; return how the replay differed from the record, or ``""``."""
    replay = Replay(env, spec, record, actions, alive=alive)
    write_video(path, replay.frames(), fps=replay.fps)
    return replay.problem


class Replay:
    """Does the actions of a record again.

    Attributes:
        fps: Pictures a second of simulated time.
        problem: How the outcome differed; known when ``frames`` is exhausted.
    """

    def __init__(
        self,
        env: Env,
        spec: EpisodeSpec,
        record: EpisodeRecord,
        actions: Floats,
        *,
        alive: Callable[[], None],
    ) -> None:
        """Prepare; nothing moves before ``frames``."""
        self._env, self._spec, self._record, self._alive = env, spec, record, alive
        self._actions = actions
        # env itself was built with the policy's cameras only, perhaps none
        self._cameras = list(contract_of(spec.env_id, spec.env_kwargs).cameras)
        hz = env.contract.action.control_hz
        self._stride = max(1, round(hz / FILM_HZ))
        self.fps = hz / self._stride
        self.problem = ""
        self._step = 0
        self._info: Info = {}

    def frames(self) -> Iterator[Frame]:
        """Yield composed pictures of the whole episode, all the environment's cameras."""
        _, self._info = reset(self._env, self._spec)
        completed = 0
        for number, done in enumerate(self._record.subtasks):
            if number:
                begin_next(self._env, self._spec.subtasks[number], completed, self._info)
            completed = int(self._info["subtask_index"])
            yield self._frame(done, 0, None)
            yield from self._subtask(done, Tally("final", done.steps, completed))
            picture = self._frame(done, done.steps, self._verdict(number))
            yield from repeat(picture, round(HOLD_SECONDS * self.fps))

    def _subtask(self, done: SubTaskRecord, tally: Tally) -> Iterator[Frame]:
        while tally.steps < done.steps:
            action = self._actions[self._step : self._step + 1]
            _, _, _, _, self._info = self._env.step_chunk(action, observe=False)
            self._step += 1
            tally.count(1, self._info, over=False)
            self._alive()
            if tally.steps % self._stride == 0:
                yield self._frame(done, tally.steps, None)
        self._compare(done, tally)

    def _compare(self, done: SubTaskRecord, tally: Tally) -> None:
        recorded = (done.first_success, done.final_success)
        replayed = (tally.first_success, tally.final_success)
        if recorded != replayed and not self.problem:
            self.problem = (
                f"episode {self._record.episode}, {done.name}: first and final success were "
                f"{recorded}, and {replayed} when the same actions were done again. The "
                "environment is not deterministic; the record stands."
            )

    def _frame(self, done: SubTaskRecord, step: int, verdict: str | None) -> Frame:
        images = self._env.render_cameras(self._cameras)
        return compose_frame(images, instruction=done.instruction, verdict=verdict, step=step)

    def _verdict(self, number: int) -> str:
        last = number == len(self._record.subtasks) - 1
        if last and self._record.error is not None:
            return "error"
        return "success" if self._record.subtasks[number].success else "failure"
