"""Statistics of the actions, as the contract wants them: one linear map, and mu-law in front of it.

Mu-law (``sign * log1p(mu |x|) / log1p(mu)``) spreads small motions; what a network predicts in
that space is expanded before the linear map.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract.normalization import normalize
from vla_gym.contract.spec import NormalizationKind, NormalizationSpec
from vla_gym_robovlms.config import NormalizationConfig
from vla_gym_robovlms.heads.base import ARM

Array = npt.NDArray[np.floating[Any]]


def normalization_spec(config: NormalizationConfig) -> NormalizationSpec:
    """Return the statistics of all seven numbers; the gripper passes untouched.

    ``inner`` is folded in: outputs in [-1, 1] cover [-inner, inner] of the range.
    """
    low, high = np.array(config.low), np.array(config.high)
    clip = False
    if config.kind is not NormalizationKind.MEAN_STD:
        middle, half = (low + high) / 2, (high - low) / 2 * config.inner
        low, high = middle - half, middle + half
    return NormalizationSpec(
        kind=config.kind,
        low=(*map(float, low), 0.0),
        high=(*map(float, high), 1.0),
        mask=(True,) * ARM + (False,),
        clip=clip,
    )


def expand_mu_law(actions: npt.NDArray[np.float32], config: NormalizationConfig) -> Any:
    """Return predicted ``(..., 7)`` out of mu-law space; the gripper is left alone."""
    if config.mu_law is None:
        return actions
    mu, arm = config.mu_law, actions[..., :ARM].astype(np.float64)
    wide = np.sign(arm) * np.expm1(np.abs(arm) * np.log1p(mu)) / mu
    return np.concatenate([wide.astype(np.float32), actions[..., ARM:]], -1)


def encode_actions(actions: Array, config: NormalizationConfig) -> Array:
    """Return labels ``(..., 7)`` in training space of actions in the robot's units.

    Values outside of the statistics are clipped, as the reference does before it scales.
    """
    spec = normalization_spec(config)
    scaled = normalize(np.asarray(actions, np.float64), spec)
    arm = scaled[..., :ARM]
    if config.kind is not NormalizationKind.MEAN_STD:
        arm = np.clip(arm, -1.0, 1.0)
    if config.mu_law is not None:
        arm = np.sign(arm) * np.log1p(config.mu_law * np.abs(arm)) / np.log1p(config.mu_law)
    return np.concatenate([arm, scaled[..., ARM:]], -1)
