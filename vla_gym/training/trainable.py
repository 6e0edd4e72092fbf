"""What a policy must provide to be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from vla_gym.contract.policy import Policy
from vla_gym.contract.spec import PolicySpec
from vla_gym.datasets.statistics import Statistics

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Samples:
    """B windows of T frames, each with the N actions from it on, in the policy's own terms.

    A window begins at any frame of an episode. Behind the end of the episode its last frame is
    repeated and masked. Where an expert was disturbed on purpose, what it did afterwards answers
    to the disturbance, which no earlier frame shows: a chunk is masked from there on.

    Attributes:
        images: By camera role, uint8 ``(B, T, H, W, 3)`` at the policy's size.
        proprioception: float32 ``(B, T, n)``, the policy's fields.
        instructions: B sentences.
        actions: float32 ``(B, T, N, a)`` in the policy's units, not normalised.
        mask: bool ``(B, T, N)``; labels where it is false do not count.
    """

    images: Mapping[str, Tensor]
    proprioception: Tensor
    instructions: Sequence[str]
    actions: Tensor
    mask: Tensor


class Trainable(Protocol):
    """A policy while it is trained; made by the ``trainer`` of its plugin entry.

    A trainer is ``f(**options) -> Trainable``, with options as the policy takes them.
    """

    @property
    def spec(self) -> PolicySpec:
        """What it sees and says; ``history`` and ``chunk`` are T and N."""
        ...

    @property
    def module(self) -> nn.Module:
        """What is optimised: parameters that require a gradient."""
        ...

    def measure(self, states: npt.NDArray[np.float32], actions: Statistics) -> None:
        """Learn how the data are distributed, before the first step.

        Args:
            states: Proprioception of all frames, ``(F, n)``.
            actions: Statistics of the labels, in the policy's units.
        """
        ...

    def losses(self, samples: Samples) -> Mapping[str, Tensor]:
        """Return scalars, ``"loss"`` among them."""
        ...

    def save(self, folder: Path) -> None:
        """Write a checkpoint that can be evaluated."""
        ...

    def load(self, folder: Path) -> None:
        """Begin with the weights of a checkpoint of the same architecture."""
        ...

    def policy(self) -> Policy:
        """Return the policy with the present weights."""
        ...


class Trainer(Protocol):
    """Makes a ``Trainable``."""

    def __call__(self, **options: object) -> Trainable:
        """Return it; unknown options are an ``OptionError``."""
        ...
