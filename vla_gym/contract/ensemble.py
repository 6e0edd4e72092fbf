"""Which actions of the predicted chunks are executed.

Temporal ensembling (Zhao et al. 2023, "Learning Fine-Grained Bimanual Manipulation with Low-Cost
Hardware", section IV-B): every step predicts a chunk, and the executed action is the mean of all
predictions of this step with weights ``exp(-m i)``, ``i = 0`` for the oldest.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract import rotations
from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import ActionSpec, Execution, Mode, PolicySpec, RotationSpec

Array = npt.NDArray[np.floating[Any]]


class TemporalEnsemble:
    """Overlapping predictions of one episode.

    Absolute rotations are averaged as rotations; everything else number by number.
    """

    def __init__(self, chunk: int, *, decay: float, action: ActionSpec) -> None:
        self._chunks: deque[Array] = deque(maxlen=chunk)
        self._decay = decay
        self._turns = [
            (action.slices[part.name], part)
            for part in action.of(RotationSpec)
            if part.mode is Mode.ABSOLUTE
        ]

    def reset(self) -> None:
        """Forget all predictions."""
        self._chunks.clear()

    def add(self, chunk: Array) -> Array:
        """Take the prediction ``(chunk, n)`` made now and return the action ``(n,)`` for now."""
        self._chunks.append(chunk.copy())
        newest = len(self._chunks) - 1
        present = np.stack([past[newest - i] for i, past in enumerate(self._chunks)])
        if newest == 0:
            return np.asarray(present[0])
        weights = ensemble_weights(len(present), decay=self._decay)
        average = np.average(present.astype(np.float64), axis=0, weights=weights)
        for place, part in self._turns:
            average[place] = _mean_rotation(present[:, place], weights, part)
        return average.astype(chunk.dtype)


def _mean_rotation(values: Array, weights: npt.NDArray[np.float64], spec: RotationSpec) -> Array:
    radians = values.astype(np.float64) * spec.radians_per_unit
    return rotations.mean(radians, weights, spec.representation) / spec.radians_per_unit


def ensemble_weights(count: int, *, decay: float) -> npt.NDArray[np.float64]:
    """Return the weights of ``count`` predictions, oldest first; they add up to 1."""
    weights = np.exp(-decay * np.arange(count, dtype=np.float64))
    normalized: npt.NDArray[np.float64] = weights / weights.sum()
    return normalized


def check(policy: PolicySpec, issues: IssueList) -> None:
    """Add what is undeclared about the execution of chunks."""
    if policy.execution is Execution.ENSEMBLE and policy.ensemble_decay is None:
        issues.error(
            "ensemble_decay",
            "Temporal ensembling is declared without the decay m of its weights exp(-m i).",
            "set ensemble_decay in the policy's spec (0 is the plain mean)",
        )
    if policy.execution is not Execution.CHUNK and policy.execute is not None:
        issues.error(
            "chunk_execution",
            f"execute={policy.execute} has no meaning with execution={policy.execution.value!r}.",
            "use execution='chunk', or leave execute out",
        )
    if policy.execution is Execution.ENSEMBLE and policy.chunk == 1:
        issues.warning(
            "chunk_execution",
            "Temporal ensembling of chunks of one action averages nothing.",
            "use execution='first', or predict longer chunks",
        )
