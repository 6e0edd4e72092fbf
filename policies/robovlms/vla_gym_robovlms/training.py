"""A VLA while it is trained: what ``vla-gym train`` calls for every ``robovlms`` policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vla_gym.contract.spec import PolicySpec
from vla_gym.datasets.statistics import Statistics
from vla_gym.training.trainable import Samples
from vla_gym_robovlms.checkpoints.own import load_weights, save_checkpoint
from vla_gym_robovlms.config import VlaConfig
from vla_gym_robovlms.factory import make_model
from vla_gym_robovlms.model import Vla
from vla_gym_robovlms.normalization import encode_actions
from vla_gym_robovlms.options import VlaOptions
from vla_gym_robovlms.policy import RoboVlmsPolicy


class VlaTrainable:
    """A model, and the terms of its policy.

    Args:
        config: What it is.
        module: Its network.
    """

    def __init__(self, config: VlaConfig, module: Vla) -> None:
        self._config, self.module = config, module
        self.spec: PolicySpec = self.policy().spec

    def measure(self, states: npt.NDArray[np.float32], actions: Statistics) -> None:
        """Scale states ``(F, n)`` and actions by what the data show.

        The statistics become those of the policy, in the kind that the configuration asks for,
        unless it gives numbers of its own.
        """
        if self.module.state is not None:
            self.module.state.measure(torch.from_numpy(states))
        self._config = self.module.config = with_statistics(self._config, actions)
        self.spec = self.policy().spec

    def losses(self, samples: Samples) -> Mapping[str, Tensor]:
        """Return the losses of the formulation."""
        config, actions = self._config, samples.actions.cpu().numpy()
        labels = encode_actions(actions, config.normalization, config.layout)
        return self.module.loss(replace(samples, actions=torch.from_numpy(labels).float()))

    def save(self, folder: Path) -> None:
        """Write one of our own checkpoints."""
        save_checkpoint(self.module, folder)

    def load(self, folder: Path) -> None:
        """Begin with the weights of a checkpoint of the same architecture."""
        load_weights(self.module, folder)

    def policy(self) -> RoboVlmsPolicy:
        """Return the policy with the present weights; puts the network into evaluation mode."""
        return RoboVlmsPolicy(self._config, self.module)


def make_trainable(options: VlaOptions) -> VlaTrainable:
    """Return a VLA to train."""
    config = options.resolved()
    return VlaTrainable(config, make_model(config))


def with_statistics(config: VlaConfig, statistics: Statistics) -> VlaConfig:
    """Return a configuration with statistics of the data, unless it has its own."""
    normalization = config.normalization
    if normalization.measured:
        return config
    low, high = (
        tuple(ends[place] for place in config.layout.numbers)
        for ends in statistics.limits(normalization.kind)
    )
    measured = normalization.model_copy(update={"low": low, "high": high})
    return config.model_copy(update={"normalization": measured})
