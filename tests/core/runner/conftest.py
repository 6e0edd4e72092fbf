"""Runs with workers as threads: everything but the processes themselves, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vla_gym.results import Results
from vla_gym.runner import evaluation
from vla_gym.testing import MockPolicy, ThreadWorkers, mock_suite

Evaluate = Callable[..., Results]


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``evaluate`` use threads."""
    monkeypatch.setattr(evaluation, "LocalWorkers", ThreadWorkers)


@pytest.fixture
def run(threads: None, tmp_path: Path) -> Evaluate:
    """Evaluate the mock policy on the mock suite, unless told otherwise."""

    def evaluate(
        policy: Any = None, suite: Any = None, *, out: str = "run", **kwargs: Any
    ) -> Results:
        options: dict[str, Any] = {"video": "none", "progress": False, "workers": 2, **kwargs}
        return evaluation.evaluate(
            policy if policy is not None else MockPolicy(),
            suite if suite is not None else mock_suite(),
            out=tmp_path / out,
            **options,
        )

    return evaluate
