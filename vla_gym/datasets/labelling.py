"""What a disturbed expert meant to do, found out by letting it watch its own episode again."""

from __future__ import annotations

import numpy as np

from vla_gym.contract.adapter import adapt
from vla_gym.contract.policy import Batch, DisturbedExpert, Slot
from vla_gym.errors import DatasetError, RunnerError
from vla_gym.runner.acting import make_slot
from vla_gym.runner.episode import Env
from vla_gym.runner.messages import Floats
from vla_gym.runner.redo import Moment
from vla_gym.suites.spec import EpisodeSpec

_ALIKE = 1e-6
"""Largest difference of an action done again: rounding, where it went through a converter."""


class Watcher:
    """Asks an expert what it meant, step by step, while its actions are done again.

    Args:
        expert: The policy of the run.
        env: Where the actions are done again.
        spec: The episode.
        index: Its number.

    Raises:
        DatasetError: When the expert does not speak the environment's own actions one at a time.
    """

    def __init__(self, expert: DisturbedExpert, env: Env, spec: EpisodeSpec, index: int) -> None:
        adapter = adapt(expert.spec, env.contract, env_id=spec.env_id)
        if not adapter.identity or expert.spec.chunk != 1:
            raise DatasetError(
                "Labels of a disturbed expert need one action a step in the environment's own "
                f"terms; this one has chunks of {expert.spec.chunk}."
            )
        self._expert, self._adapter = expert, adapter.start()
        self._spec, self._index = spec, index
        self._slot, self._words = Slot(0), ""

    def begin(self, subtask: int, words: str) -> None:
        """Tell the expert that a sub-task begins, and its sentence."""
        self._slot, self._words = make_slot(0, self._spec, self._index, subtask), words
        self._expert.reset([self._slot])

    def watch(self, moment: Moment) -> Floats:
        """Return what the expert would execute, ``(a,)``."""
        observation = {**moment.observation, "instruction": self._words}
        seen = self._adapter.observation(observation, moment.info)
        return np.asarray(self._expert.act(Batch.of([self._slot], [seen]))[0, 0])

    def label(self, moment: Moment) -> Floats:
        """Return what was meant, ``(a,)``, by what was executed.

        Raises:
            RunnerError: When the expert would execute something else this time.
        """
        again = self.watch(moment)
        if not np.allclose(again, moment.action, rtol=0.0, atol=_ALIKE):
            raise RunnerError(
                f"Episode {self._index}: the expert acted differently when it saw the same again "
                f"({again.tolist()}, recorded {moment.action.tolist()}), so its labels are not "
                "known."
            )
        return np.asarray(self._expert.intended([self._slot])[0, 0], np.float32)
