"""What a disturbed expert meant to do, found out by letting it watch its own episode again."""

from __future__ import annotations

import numpy as np

from vla_gym.contract.adapter import adapt
from vla_gym.contract.env import Observation
from vla_gym.contract.policy import Batch, DisturbedExpert, Slot
from vla_gym.errors import DatasetError, RunnerError
from vla_gym.runner.acting import make_slot
from vla_gym.runner.episode import Env, Info
from vla_gym.runner.messages import Floats
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
        self._slot = Slot(0)

    def begin(self, subtask: int) -> None:
        """Tell the expert that a sub-task begins."""
        self._slot = make_slot(0, self._spec, self._index, subtask)
        self._expert.reset([self._slot])

    def label(self, observation: Observation, info: Info, words: str, action: Floats) -> Floats:
        """Return what was meant, ``(a,)``, where ``action`` ``(a,)`` was executed.

        Raises:
            RunnerError: When the expert would execute something else this time.
        """
        seen = self._adapter.observation({**observation, "instruction": words}, info)
        batch = Batch.of([self._slot], [seen])
        again = self._expert.act(batch)[0, 0]
        if not np.allclose(again, action, rtol=0.0, atol=_ALIKE):
            raise RunnerError(
                f"Episode {self._index}: the expert acted differently when it saw the same again "
                f"({again.tolist()}, recorded {action.tolist()}), so its labels are not known."
            )
        return np.asarray(self._expert.intended([self._slot])[0, 0], np.float32)
