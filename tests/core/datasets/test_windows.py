"""Windows: every frame is a beginning, and nothing behind the end of an episode counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_gym.contract.normalization import unnormalize
from vla_gym.contract.spec import NormalizationKind
from vla_gym.datasets import Windows, action_statistics
from vla_gym.errors import DatasetError, OptionError


@settings(max_examples=50)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    history=st.integers(1, 5),
    chunk=st.integers(1, 6),
    data=st.data(),
)
def test_a_window_is_the_stretch_from_its_frame_on(make, in_memory, lengths, history, chunk, data):
    dataset = in_memory([make(i, length) for i, length in enumerate(lengths)])
    windows = Windows(dataset, history=history, chunk=chunk, keep=1)
    assert len(windows) == sum(lengths)
    number = data.draw(st.integers(0, len(windows) - 1))
    places = [(e, t) for e, length in enumerate(lengths) for t in range(length)]
    episode, start = places[number]
    window, whole = windows[number], dataset.episodes[episode]
    assert window.instruction == whole.instruction
    assert window.actions.shape == (history, chunk, 7)
    for t in range(history):
        for n in range(chunk):
            inside = start + t + n < len(whole)
            assert window.mask[t, n] == inside
            if inside:
                assert np.array_equal(window.actions[t, n], whole.actions[start + t + n])
        seen = min(start + t, len(whole) - 1)
        assert np.array_equal(window.proprioception[t], whole.proprioception[seen])
        assert np.array_equal(window.images["wrist"][t], whole.images["wrist"][seen])


def test_an_episode_is_read_once_while_it_is_kept(make, in_memory):
    dataset = in_memory([make(0, 5), make(1, 5)])
    windows = Windows(dataset, history=2, chunk=2)
    for number in (0, 1, 9, 4):
        windows[number]
    assert dataset.read == 2


def test_undisturbed_labels_are_what_is_learned(make, in_memory):
    labels = np.zeros((4, 7), np.float32)
    dataset = in_memory([make(0, 4, labels=labels)])
    assert not Windows(dataset, history=1, chunk=4)[0].actions.any()
    assert action_statistics(dataset).high == (0.0,) * 7


def test_what_cannot_be_is_refused(make, in_memory):
    dataset = in_memory([make(0, 4)])
    with pytest.raises(OptionError, match="chunk=0"):
        Windows(dataset, history=1, chunk=0)
    with pytest.raises(IndexError, match="window 4 of 4"):
        Windows(dataset, history=1, chunk=1)[4]
    assert len(Windows(in_memory([]), history=1, chunk=1)) == 0
    with pytest.raises(DatasetError, match="no episodes"):
        action_statistics(in_memory([]))


@pytest.mark.parametrize("kind", list(NormalizationKind))
def test_statistics_make_a_spec_that_undoes_them(make, in_memory, kind):
    dataset = in_memory([make(i, 50) for i in range(3)])
    actions = np.concatenate([e.actions for e in dataset.episodes]).astype(np.float64)
    spec = action_statistics(dataset).normalization(kind)
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
