"""Statistics: of what is learned, and undone by the normalisation they make."""

from __future__ import annotations

import numpy as np
import pytest

from vla_gym.contract.normalization import unnormalize
from vla_gym.contract.spec import NormalizationKind
from vla_gym.datasets import action_statistics
from vla_gym.datasets.statistics import statistics_of
from vla_gym.errors import DatasetError
from vla_gym.testing import two_arm_contract


def test_undisturbed_labels_are_what_is_learned(make, in_memory):
    labels = np.zeros((4, 7), np.float32)
    assert action_statistics(in_memory([make(0, 4, labels=labels)])).high == (0.0,) * 7


def test_nothing_has_no_statistics(in_memory):
    with pytest.raises(DatasetError, match="no episodes"):
        action_statistics(in_memory([]))


@pytest.mark.parametrize("kind", list(NormalizationKind))
def test_statistics_make_a_spec_that_undoes_them(make, in_memory, kind):
    dataset = in_memory([make(i, 50) for i in range(3)])
    actions = np.concatenate([e.actions for e in dataset.episodes]).astype(np.float64)
    spec = action_statistics(dataset).normalization(kind, dataset.spec.action)
    low, high = {
        NormalizationKind.MIN_MAX: (actions.min(0), actions.max(0)),
        NormalizationKind.QUANTILE: tuple(np.quantile(actions, [0.01, 0.99], axis=0)),
        NormalizationKind.MEAN_STD: (actions.mean(0), actions.std(0)),
    }[kind]
    ends = (0.0, 1.0) if kind is NormalizationKind.MEAN_STD else (-1.0, 1.0)
    for value, expected in zip(ends, (low, low + high if ends[0] == 0 else high), strict=True):
        restored = unnormalize(np.full(7, value), spec)
        assert np.allclose(restored[:6], expected[:6], atol=1e-6)
        assert restored[6] == value  # the gripper is left alone


def test_every_gripper_is_left_alone() -> None:
    action = two_arm_contract().action
    statistics = statistics_of(np.random.default_rng(0).normal(size=(9, 8)).astype(np.float32))
    mask = statistics.normalization(NormalizationKind.MIN_MAX, action).mask
    assert mask == (True, True, True, False) * 2
    whole = statistics.normalization(NormalizationKind.MIN_MAX, action, keep_grippers=False)
    assert whole.mask == (True,) * 8
