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
from vla_gym_robovlms.layout import Layout

Array = npt.NDArray[np.floating[Any]]


def normalization_spec(config: NormalizationConfig, layout: Layout) -> NormalizationSpec:
    """Return the statistics of all numbers of an action; grippers pass untouched.

    ``inner`` is folded in: outputs in [-1, 1] cover [-inner, inner] of the range.
    """
    low, high = (np.array(ends) for ends in config.ends(len(layout.numbers)))
    if config.kind is not NormalizationKind.MEAN_STD:
        middle, half = (low + high) / 2, (high - low) / 2 * config.inner
        low, high = middle - half, middle + half
    lows, highs = np.zeros(layout.size), np.ones(layout.size)
    lows[list(layout.numbers)], highs[list(layout.numbers)] = low, high
    return NormalizationSpec(
        kind=config.kind,
        low=tuple(map(float, lows)),
        high=tuple(map(float, highs)),
        mask=tuple(place in layout.numbers for place in range(layout.size)),
    )


def expand_mu_law(
    actions: npt.NDArray[np.float32], config: NormalizationConfig, layout: Layout
) -> npt.NDArray[np.float32]:
    """Return predicted ``(..., A)`` out of mu-law space; grippers are left alone."""
    if config.mu_law is None:
        return actions
    mu, numbers = config.mu_law, list(layout.numbers)
    bent = actions[..., numbers].astype(np.float64)
    result = actions.copy()
    result[..., numbers] = np.sign(bent) * np.expm1(np.abs(bent) * np.log1p(mu)) / mu
    return result


def encode_actions(actions: Array, config: NormalizationConfig, layout: Layout) -> Array:
    """Return labels ``(..., A)`` in training space of actions in the robot's units.

    Values outside of the statistics are clipped, as the reference does before it scales.
    """
    result = normalize(np.array(actions, np.float64), normalization_spec(config, layout))
    numbers = list(layout.numbers)
    scaled = result[..., numbers]
    if config.kind is not NormalizationKind.MEAN_STD:
        scaled = np.clip(scaled, -1.0, 1.0)
    if config.mu_law is not None:
        mu = config.mu_law
        scaled = np.sign(scaled) * np.log1p(mu * np.abs(scaled)) / np.log1p(mu)
    result[..., numbers] = scaled
    return result
