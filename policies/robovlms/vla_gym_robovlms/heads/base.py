"""What an action head is: features of a window in, a chunk of actions out, and its loss.

Actions are seven numbers: six of the arm in [-1, 1] (normalised), and the gripper, a probability
when it comes out and 0 or 1 as a label.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from vla_gym_robovlms.config import LossConfig

ARM, ACTION = 6, 7
"""Numbers of the arm, and with the gripper."""
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
    """

    features: int
    latents: int
    chunk: int
    window: int
    width: int


class Head(nn.Module, ABC):
    """Turns features ``(B, T, F)`` into chunks.

    Attributes:
        random: It starts from noise, one ``(N, 7)`` a call.
    """

    random: ClassVar[bool] = False

    @abstractmethod
    def act(self, features: Tensor, last: int, noise: Tensor | None) -> Tensor:
        """Return the chunk ``(B, N, 7)`` of frame ``last``; later frames do not matter."""

    @abstractmethod
    def loss(
        self, features: Tensor, actions: Tensor, mask: Tensor, weights: LossConfig
    ) -> dict[str, Tensor]:
        """Return the losses, ``"loss"`` among them.

        Args:
            features: ``(B, T, F)``.
            actions: Labels ``(B, T, N, 7)``, gripper 0 or 1.
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
    """Arm by regression, gripper by classification, on features that a subclass mixes over time."""

    def __init__(self, size: HeadSize, inputs: int) -> None:
        """Put the two towers on ``inputs`` numbers."""
        super().__init__()
        self.size = size
        self.actions = Tower(inputs, size.chunk * ARM, size.width, bounded=True)
        self.gripper = Tower(inputs, size.chunk, size.width, bounded=False)

    @abstractmethod
    def mix(self, features: Tensor) -> Tensor:
        """Return ``(B, T, inputs)`` of features ``(B, T, F)``, causal in T."""

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return arm ``(B, T, N, 6)`` in [-1, 1] and gripper logits ``(B, T, N)``."""
        mixed = self.mix(features)
        arm = self.actions(mixed).unflatten(-1, (self.size.chunk, ARM))
        return arm, self.gripper(mixed)

    def act(self, features: Tensor, last: int, noise: Tensor | None) -> Tensor:
        """Return the chunk of frame ``last``."""
        del noise
        arm, gripper = self(features)
        return torch.cat([arm[:, last], gripper[:, last].sigmoid()[..., None]], -1)

    def loss(
        self, features: Tensor, actions: Tensor, mask: Tensor, weights: LossConfig
    ) -> dict[str, Tensor]:
        """Return arm (as ``weights`` say; Huber has delta 1) and gripper (cross-entropy) losses."""
        arm, gripper = self(features)
        compare = _COMPARISONS[weights.arm]
        arm_loss = masked_mean(
            compare(arm, actions[..., :ARM].to(arm.dtype), reduction="none"), mask[..., None]
        )
        label = actions[..., ARM].to(gripper.dtype)
        entropy = nn.functional.binary_cross_entropy_with_logits(gripper, label, reduction="none")
        gripper_loss = masked_mean(entropy, mask)
        total = arm_loss + weights.gripper * gripper_loss
        return {"loss": total, "arm": arm_loss, "gripper": gripper_loss}
