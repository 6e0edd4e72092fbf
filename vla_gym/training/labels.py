"""From a data set's terms to a policy's, as an evaluation converts; actions the other way round.

A data set is taken for an environment that shows and does what is in it. What cannot be learned is
refused before a training with the coded issues of an evaluation; frames whose action the policy
cannot say exactly are counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_gym.contract.inverse import invert
from vla_gym.contract.spec import PolicySpec
from vla_gym.datasets.demonstration import DatasetSpec, Demonstration, Floats, Pictures
from vla_gym.errors import ActionError, DatasetError


@dataclass(frozen=True)
class Prepared:
    """An episode of T frames in the policy's terms.

    Attributes:
        images: By role, uint8 ``(T, H, W, 3)``.
        proprioception: ``(T, n)``.
        actions: ``(T, a)``: what is learned.
        disturbed: bool ``(T,)``: something else was executed.
        inexact: Frames whose label does not lead back to what was recorded.
    """

    images: dict[str, Pictures]
    proprioception: Floats
    actions: Floats
    disturbed: npt.NDArray[np.bool_]
    inexact: int


class Preparation:
    """Converts the episodes of one data set for one policy.

    Args:
        policy: What it sees and says.
        dataset: What the episodes mean.
        name: Of the data set, for messages.

    Raises:
        IncompatibleError: With all issues, when the policy cannot learn from it.
    """

    def __init__(self, policy: PolicySpec, dataset: DatasetSpec, *, name: str) -> None:
        self._name = name
        self._labels = invert(policy, dataset.contract, name=name)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of what does not fit exactly."""
        return tuple(issue.code for issue in self._labels.warnings)

    def __call__(self, episode: Demonstration, *, number: int = 0) -> Prepared:
        """Return an episode in the policy's terms.

        Args:
            episode: In the data set's terms.
            number: Of it, for messages.

        Raises:
            DatasetError: Numbers that are no pose or rotation; names episode and frame.
        """
        adapter = self._labels.forward
        try:
            labels = self._labels(episode.targets, episode.proprioception, executed=episode.actions)
        except ActionError as error:
            raise DatasetError(f"{self._name}, episode {number}, {error}") from error
        return Prepared(
            images={
                role: np.stack([convert(picture) for picture in episode.images[role]])
                for role, convert in adapter.images.items()
            },
            proprioception=np.stack(
                [adapter.proprioception(row) for row in episode.proprioception]
            ).astype(np.float32),
            actions=labels.actions.astype(np.float32),
            disturbed=episode.disturbed,
            inexact=int((~labels.exact).sum()),
        )
