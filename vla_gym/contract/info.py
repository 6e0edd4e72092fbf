"""What the runner reads of ``info``, checked: a text is no success, and NaN is no metric."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_gym.errors import ObservationError


@dataclass(frozen=True)
class StepFacts:
    """What ``info`` says of a call, in Python's own types.

    Attributes:
        success: The sub-task was achieved at the last step.
        subtask_index: How many sub-tasks the environment has left behind by itself.
        metrics: Finite numbers and flags by name.
    """

    success: bool
    subtask_index: int
    metrics: Mapping[str, float | bool]


def step_facts(info: Mapping[str, Any]) -> StepFacts:
    """Return what an ``info`` says.

    Raises:
        ObservationError: When something is missing or of another type; names it.
    """
    return StepFacts(
        success=_flag(_had(info, "success"), "info['success']"),
        subtask_index=whole(_had(info, "subtask_index"), "info['subtask_index']"),
        metrics=_metrics(info.get("metrics", {})),
    )


def whole(value: Any, where: str) -> int:
    """Return a whole number from 0.

    Raises:
        ObservationError: When it is none.
    """
    flag = isinstance(value, (bool, np.bool_))
    if flag or not isinstance(value, (int, np.integer)) or value < 0:
        raise ObservationError(f"{where} is {value!r:.200}, expected a whole number from 0.")
    return int(value)


def _had(info: Mapping[str, Any], name: str) -> Any:
    if name not in info:
        raise ObservationError(f"info has no {name!r}; the environment promises it at every step.")
    return info[name]


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        kind = type(value).__name__
        raise ObservationError(f"{where} is {value!r:.200} ({kind}), expected True or False.")
    return bool(value)


def _metrics(value: Any) -> dict[str, float | bool]:
    if not isinstance(value, Mapping):
        raise ObservationError(f"info['metrics'] is {value!r:.200}, expected numbers by name.")
    return {str(name): _metric(number, str(name)) for name, number in value.items()}


def _metric(value: Any, name: str) -> float | bool:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.integer, np.floating)) and math.isfinite(value):
        return float(value)
    raise ObservationError(
        f"info['metrics'][{name!r}] is {value!r:.200}, expected a finite number or a flag; leave "
        "out a metric that an episode does not have."
    )
