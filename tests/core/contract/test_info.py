"""What an environment says in ``info`` is checked before it is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vla_gym.contract.info import StepFacts, step_facts
from vla_gym.errors import ObservationError

GOOD: dict[str, Any] = {"success": False, "subtask_index": 0, "steps": 1}


def test_numpy_counts_as_python() -> None:
    info = {"success": np.True_, "subtask_index": np.int64(2), "metrics": {"a": np.float32(0.5)}}
    assert step_facts(info) == StepFacts(True, 2, {"a": 0.5})
    assert step_facts(GOOD) == StepFacts(False, 0, {})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"success": "False"}, r"info\['success'\] is 'False' \(str\), expected True or False"),
        ({"success": 1}, "expected True or False"),
        ({"success": None}, "expected True or False"),
        ({"subtask_index": "0"}, "expected a whole number"),
        ({"subtask_index": -1}, "expected a whole number"),
        ({"subtask_index": True}, "expected a whole number"),
        ({"metrics": {"d": float("nan")}}, r"info\['metrics'\]\['d'\] is nan, expected a finite"),
        ({"metrics": {"d": np.inf}}, "is inf, expected a finite"),
        ({"metrics": {"d": "far"}}, "is 'far', expected a finite"),
        ({"metrics": [1.0]}, "expected numbers by name"),
    ],
)
def test_what_is_no_fact_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ObservationError, match=says):
        step_facts({**GOOD, **change})


@pytest.mark.parametrize("name", ["success", "subtask_index"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(ObservationError, match=f"info has no '{name}'"):
        step_facts({key: value for key, value in GOOD.items() if key != name})
