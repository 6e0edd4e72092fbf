"""Normalised policy outputs to action units and back.

``MIN_MAX`` and ``QUANTILE`` map [-1, 1] onto [low, high]; ``MEAN_STD`` maps z-scores. Numbers whose
mask is false are returned bit by bit as they came; the floating type is kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import NormalizationKind, NormalizationSpec, PolicySpec

Array = npt.NDArray[np.floating[Any]]


def unnormalize(values: Array, spec: NormalizationSpec | None) -> Array:
    """Return normalised ``(..., n)`` values in action units; ``None`` changes nothing."""
    if spec is None:
        return values
    low, high = np.array(spec.low), np.array(spec.high)
    wide = values.astype(np.float64)
    if spec.kind is NormalizationKind.MEAN_STD:
        units = wide * high + low
    else:
        bounded = np.clip(wide, -1.0, 1.0) if spec.clip else wide
        units = 0.5 * (bounded + 1.0) * (high - low) + low
    return _masked(units, values, spec)


def normalize(values: Array, spec: NormalizationSpec | None) -> Array:
    """Return ``(..., n)`` values in action units normalised; constants (low = high) become 0."""
    if spec is None:
        return values
    low, high = np.array(spec.low), np.array(spec.high)
    wide = values.astype(np.float64)
    if spec.kind is NormalizationKind.MEAN_STD:
        scaled = (wide - low) / np.where(high == 0, 1.0, high)
        return _masked(np.where(high == 0, 0.0, scaled), values, spec)
    span = high - low
    scaled = 2.0 * (wide - low) / np.where(span == 0, 1.0, span) - 1.0
    scaled = np.where(span == 0, 0.0, scaled)
    return _masked(np.clip(scaled, -1.0, 1.0) if spec.clip else scaled, values, spec)


def _masked(changed: npt.NDArray[np.float64], original: Array, spec: NormalizationSpec) -> Array:
    result: Array = changed.astype(original.dtype)
    if spec.mask is None:
        return result
    return np.where(np.array(spec.mask), result, original)


def check(policy: PolicySpec, issues: IssueList) -> None:
    """Add what is wrong with the statistics of a policy."""
    spec = policy.normalization
    if spec is None:
        return
    if len(spec.low) != policy.action.size:
        issues.error(
            "normalization_size",
            f"The normalisation has {len(spec.low)} numbers, the action {policy.action.size}.",
            "give one low and one high for each number of the policy's action",
        )
    if spec.kind is NormalizationKind.MEAN_STD and spec.clip:
        issues.error(
            "normalization_clip",
            "clip=True is defined for values in [-1, 1], not for mean and standard deviation.",
            "set clip=False, or declare the limits in the parts of the action",
        )
