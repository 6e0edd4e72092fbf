"""What is learned: what a policy meant, at the steps that it says demonstrate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vla_gym.collection.collect import collect
from vla_gym.contract import adapt
from vla_gym.contract.policy import Batch, Chunk
from vla_gym.datasets import load_dataset
from vla_gym.records import Executed
from vla_gym.runner import evaluation
from vla_gym.runner.journal import Journal
from vla_gym.testing import MockPolicy, ThreadWorkers, mock_suite
from vla_gym.testing.mock_env import mock_contract

PUSH = 0.125
SUITE = mock_suite(3, chain=2)


class Disturbed(MockPolicy):
    """Is pushed along x, and knows it; of each chunk it demonstrates all but the first action."""

    def __init__(self, *, shows: bool = False, **options: Any) -> None:
        super().__init__(competence=1.0, **options)
        self.shows = shows

    def act(self, batch: Batch) -> Chunk:
        meant = np.clip(super().act(batch), -0.75, 0.75)
        pushed = meant.copy()
        pushed[..., 0] += PUSH
        shown = np.ones(meant.shape[:2], bool)
        shown[:, 0] = False
        return Chunk(pushed, intended=meant, demonstrates=shown if self.shows else None)


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "LocalWorkers", ThreadWorkers)


def gather(policy: Any, out: Path) -> Any:
    collect(policy, SUITE, out=out, workers=1, progress=False)
    pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")
    return load_dataset(out)


@pytest.mark.parametrize("chunk", [1, 4])
def test_a_policy_object_that_is_disturbed_has_what_it_meant_as_labels(
    chunk: int, tmp_path: Path
) -> None:
    execution = "chunk" if chunk > 1 else "first"
    dataset = gather(Disturbed(chunk=chunk, execution=execution), tmp_path)
    assert len(dataset.lengths) == 6
    for number in range(len(dataset.lengths)):
        episode = dataset.episode(number, images=False)
        assert episode.labels is not None
        expected = np.tile([PUSH, 0, 0, 0, 0, 0, 0], (len(episode), 1))
        np.testing.assert_allclose(episode.actions - episode.labels, expected, atol=1e-6)


def test_what_was_meant_is_kept_with_what_was_done_and_only_where_it_was_said(
    tmp_path: Path,
) -> None:
    evaluation.evaluate(MockPolicy(), SUITE, out=tmp_path / "plain", video="none", progress=False)
    evaluation.evaluate(Disturbed(), SUITE, out=tmp_path / "meant", video="none", progress=False)
    assert list(np.load(tmp_path / "plain" / "actions" / "000000.npz")) == ["actions"]
    with Journal(tmp_path / "meant") as journal:
        executed = journal.executed(0)
        steps = sum(subtask.steps for subtask in journal.records[0].subtasks)
    assert isinstance(executed, Executed)
    assert executed.intended is not None
    assert executed.intended.shape == executed.actions.shape == (steps, 7)
    assert executed.demonstrates is None


def test_only_steps_that_demonstrate_are_recorded(tmp_path: Path) -> None:
    dataset = gather(Disturbed(shows=True, chunk=4, execution="chunk"), tmp_path)
    assert set(dataset.lengths) <= {1, 2, 3}
    with Journal(tmp_path / "run") as journal:
        shown = sum(int(journal.executed(i).demonstrates.sum()) for i in range(3))  # type: ignore[union-attr]
    assert sum(dataset.lengths) == shown
    again = gather(Disturbed(shows=True, chunk=4, execution="chunk"), tmp_path)
    assert again.lengths == dataset.lengths


@pytest.mark.parametrize("execution", ["chunk", "ensemble"])
def test_what_was_meant_is_converted_as_what_was_done_would_have_been(execution: str) -> None:
    spec = MockPolicy(chunk=3, execution=execution).spec
    one = adapt(spec, mock_contract()).start()
    other = adapt(spec, mock_contract()).start()
    plain = adapt(spec, mock_contract()).start()
    rng = np.random.default_rng(0)
    for _ in range(5):
        done, meant = rng.uniform(-2, 2, (2, 3, 7))
        converted = one.convert(Chunk(done, intended=meant))
        np.testing.assert_array_equal(converted.actions, plain.actions(done))
        np.testing.assert_array_equal(converted.intended, other.actions(meant))
