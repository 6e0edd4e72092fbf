"""What an action head is: features of a window in, a chunk of actions out, and its loss.

Of the A numbers of an action a ``Layout`` says which are regressed, in [-1, 1] (normalised), and
which are grippers: probabilities when they come out and 0 or 1 as labels.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from vla_gym_robovlms.config import LossConfig
from vla_gym_robovlms.layout import Layout

_COMPARISONS: dict[str, Callable[..., Tensor]] = {
    "huber": nn.functional.huber_loss,
    "mse": nn.functional.mse_loss,
    "l1": nn.functional.l1_loss,
}


class HeadSize(NamedTuple):
    """What a head is built from.

    Attributes:
        features: Numbers a frame, F.
        latents: Action tokens they come from; F is a multiple.
        chunk: N.
        window: T.
        width: Of the hidden layers.
        layout: Of an action.
    """

    features: int
    latents: int
    chunk: int
    window: int
    width: int
    layout: Layout


class Head(nn.Module, ABC):
    """Turns features ``(B, T, F)`` into chunks.

    Attributes:
        random: It starts from noise, one ``(N, A)`` per call.
    """

    random: ClassVar[bool] = False

    @abstractmethod
    def act(self, features: Tensor, last: int, noise: Tensor | None) -> Tensor:
        """Return the chunk ``(B, N, A)`` of frame ``last``; later frames do not matter."""

    @abstractmethod
    def loss(
        self, features: Tensor, actions: Tensor, mask: Tensor, weights: LossConfig
    ) -> dict[str, Tensor]:
        """Return the losses, ``"loss"`` among them.

        Args:
            features: ``(B, T, F)``.
            actions: Labels ``(B, T, N, A)``, grippers 0 or 1.
            mask: bool ``(B, T, N)``; false labels do not count.
            weights: Of the parts.
        """


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of ``values`` where ``mask``; 0 where there is none."""
    weight = mask.to(values.dtype).expand_as(values)
    return (values * weight).sum() / weight.sum().clamp_min(1.0)


def initialize(module: nn.Module) -> None:
    """Xavier-uniform matrices and zero biases, as the reference's heads begin."""
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)
        elif "bias" in name:
            nn.init.zeros_(parameter)


class Tower(nn.Module):
    """Four linear layers with ReLU between; 1024, 512 and 256 wide beside a head of 1024."""

    def __init__(self, inputs: int, outputs: int, width: int, *, bounded: bool) -> None:
        """Build it; ``bounded`` puts a tanh at its end."""
        super().__init__()
        widths = [inputs, width, width // 2, width // 4]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU()]
        layers.append(nn.Linear(widths[-1], outputs))
        self.mlp = nn.Sequential(*layers, *([nn.Tanh()] if bounded else []))

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(..., outputs)``."""
        result: Tensor = self.mlp(features)
        return result


class RegressionHead(Head):
    """Numbers by regression, grippers by classification, on features mixed over time."""

    def __init__(self, size: HeadSize, inputs: int) -> None:
        """Put the towers on ``inputs`` numbers; without grippers there is only the first."""
        super().__init__()
        self.size = size
        numbers, grippers = (size.chunk * len(places) for places in size.layout)
        self.actions = Tower(inputs, numbers, size.width, bounded=True)
        self.gripper = Tower(inputs, grippers, size.width, bounded=False) if grippers else None

    @abstractmethod
    def mix(self, features: Tensor) -> Tensor:
        """Return ``(B, T, inputs)`` of features ``(B, T, F)``, causal in T."""

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return numbers ``(B, T, N, n)`` in [-1, 1] and logits of grippers ``(B, T, N, g)``."""
        mixed, size = self.mix(features), self.size
        numbers = self.actions(mixed).unflatten(-1, (size.chunk, len(size.layout.numbers)))
        if self.gripper is None:
            return numbers, numbers[..., :0]
        logits = self.gripper(mixed).unflatten(-1, (size.chunk, len(size.layout.grippers)))
        return numbers, logits

    def act(self, features: Tensor, last: int, noise: Tensor | None) -> Tensor:
        """Return the chunk of frame ``last``."""
        del noise
        numbers, logits = self(features)
        chunk = torch.cat([numbers[:, last], logits[:, last].sigmoid()], -1)
        return chunk[..., self.size.layout.places]

    def loss(
        self, features: Tensor, actions: Tensor, mask: Tensor, weights: LossConfig
    ) -> dict[str, Tensor]:
        """Return the losses of numbers (as ``weights`` say; Huber has delta 1) and grippers.

        Grippers are compared by cross-entropy.
        """
        numbers, logits = self(features)
        layout, compare = self.size.layout, _COMPARISONS[weights.arm]
        wanted = actions[..., layout.numbers].to(numbers.dtype)
        arm = masked_mean(compare(numbers, wanted, reduction="none"), mask[..., None])
        if not layout.grippers:
            return {"loss": arm, "arm": arm}
        label = actions[..., layout.grippers].to(logits.dtype)
        entropy = nn.functional.binary_cross_entropy_with_logits(logits, label, reduction="none")
        gripper = masked_mean(entropy, mask[..., None])
        return {"loss": arm + weights.gripper * gripper, "arm": arm, "gripper": gripper}
