"""A VLA while it is trained: what ``vla-gym train`` calls for every ``robovlms`` policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vla_gym.contract.spec import NormalizationKind, PolicySpec
from vla_gym.datasets.statistics import Statistics
from vla_gym.training.trainable import Samples
from vla_gym_robovlms.checkpoints.own import load_weights, save_checkpoint
from vla_gym_robovlms.config import VlaConfig
from vla_gym_robovlms.factory import make_model, resolve
from vla_gym_robovlms.heads.base import ARM
from vla_gym_robovlms.model import TrainingBatch, Vla
from vla_gym_robovlms.normalization import encode_actions
from vla_gym_robovlms.policy import RoboVlmsPolicy


class VlaTrainable:
    """A model, and the terms of its policy.

    Args:
        config: What it is, with the statistics of its data.
        module: Its network.
    """

    def __init__(self, config: VlaConfig, module: Vla) -> None:
        self._config, self.module = config, module
        self.spec: PolicySpec = self.policy().spec

    def measure(self, proprioception: npt.NDArray[np.float32]) -> None:
        """Scale the state by what the data show, ``(F, n)``."""
        if self.module.state is not None:
            self.module.state.measure(torch.from_numpy(proprioception))

    def losses(self, samples: Samples) -> Mapping[str, Tensor]:
        """Return the losses of the formulation."""
        labels = encode_actions(samples.actions.cpu().numpy(), self._config.normalization)
        state = samples.proprioception.to(self.module.backbone.reference)
        return self.module.loss(
            TrainingBatch(
                images=samples.images,
                instructions=samples.instructions,
                actions=torch.from_numpy(labels).float(),
                mask=samples.mask,
                state=state if self._config.proprioception else None,
            )
        )

    def save(self, folder: Path) -> None:
        """Write one of our own checkpoints."""
        save_checkpoint(self.module, folder)

    def load(self, folder: Path) -> None:
        """Begin with the weights of a checkpoint of the same architecture."""
        load_weights(self.module, folder)

    def policy(self) -> RoboVlmsPolicy:
        """Return the policy with the present weights; puts the network into evaluation mode."""
        return RoboVlmsPolicy(self._config, self.module)


def make_trainable(
    *, statistics: Statistics, config: str | None = None, **options: Any
) -> VlaTrainable:
    """Return a VLA to train.

    The statistics of the data become those of the policy, in the kind that the configuration asks
    for, unless it gives numbers of its own.

    Args:
        statistics: Of the actions that will be learned.
        config: Name of a shipped configuration, or path of a file.
        **options: Fields of ``VlaConfig``, over those of the file.
    """
    chosen = with_statistics(resolve(config, options), statistics)
    return VlaTrainable(chosen, make_model(chosen))


def with_statistics(config: VlaConfig, statistics: Statistics) -> VlaConfig:
    """Return a configuration with statistics of the data, unless it has its own."""
    normalization = config.normalization
    if {"low", "high"} & normalization.model_fields_set:
        return config
    low, high = {
        NormalizationKind.MIN_MAX: (statistics.low, statistics.high),
        NormalizationKind.QUANTILE: (statistics.q01, statistics.q99),
        NormalizationKind.MEAN_STD: (statistics.mean, statistics.std),
    }[normalization.kind]
    measured = normalization.model_copy(update={"low": low[:ARM], "high": high[:ARM]})
    return config.model_copy(update={"normalization": measured})
