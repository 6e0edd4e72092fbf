"""``check_policy`` passes an honest policy and names each broken promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from vla_gym.conformance import CheckFailed, check_policy, sample_batch
from vla_gym.conformance.check_policy import CHECKS
from vla_gym.contract import (
    Batch,
    CameraSpec,
    NormalizationKind,
    NormalizationSpec,
    PolicySpec,
    Slot,
)
from vla_gym.errors import OptionError


class Honest:
    """Remembers a running sum by slot and draws noise from the slot's seed."""

    def __init__(self, spec: PolicySpec) -> None:
        self.spec = spec
        self.sums: dict[int, float] = {}
        self.streams: dict[int, np.random.Generator] = {}

    def reset(self, slots: Sequence[Slot]) -> None:
        for slot in slots:
            self.sums[slot.id] = 0.0
            self.streams[slot.id] = np.random.default_rng(slot.seed)

    def act(self, batch: Batch) -> np.ndarray:
        size = (self.spec.chunk, self.spec.action.size)
        actions = np.zeros((len(batch), *size))
        for row, slot in enumerate(batch.slots):
            self.sums[slot.id] += float(batch.images["static"][row].mean())
            actions[row] = self.sums[slot.id] + self.streams[slot.id].normal(size=size)
        return actions


@pytest.fixture
def spec(world) -> PolicySpec:
    cameras = {"static": CameraSpec(height=8, width=8)}
    made: PolicySpec = world.policy_spec(cameras=cameras, proprioception=world.fields, chunk=2)
    return made


def failures(policy: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(CheckFailed) as caught:
        check_policy(policy, **options)
    return {item.check: item.message for item in caught.value.report.failures}


def test_an_honest_policy_passes_all_checks(spec: PolicySpec) -> None:
    report = check_policy(Honest(spec))
    assert report.ok
    assert report.passed == tuple(name for name, _ in CHECKS)


def test_noise_shared_by_the_batch_is_found(spec: PolicySpec) -> None:
    class Shared(Honest):
        stream = np.random.default_rng(0)

        def act(self, batch: Batch) -> np.ndarray:
            return super().act(batch) + self.stream.normal()

    assert {"batch", "order", "slots", "reset"} <= set(failures(Shared(spec)))


def test_a_batch_statistic_is_found(spec: PolicySpec) -> None:
    class Normalising(Honest):
        def act(self, batch: Batch) -> np.ndarray:
            actions = super().act(batch)
            return actions - actions.mean(axis=0)

    found = failures(Normalising(spec))
    assert {"batch", "slots"} <= set(found)
    assert "reset" not in found


def test_the_position_in_the_batch_as_key_is_found(spec: PolicySpec) -> None:
    class ByRow(Honest):
        def act(self, batch: Batch) -> np.ndarray:
            return super().act(batch) + np.arange(len(batch))[:, None, None]

    assert {"batch", "order"} <= set(failures(ByRow(spec)))


def test_the_slot_number_as_seed_is_found(spec: PolicySpec) -> None:
    class ByNumber(Honest):
        def act(self, batch: Batch) -> np.ndarray:
            return super().act(batch) + np.array([slot.id for slot in batch.slots])[:, None, None]

    assert set(failures(ByNumber(spec))) == {"slots"}


def test_a_memory_that_survives_reset_is_found(spec: PolicySpec) -> None:
    class Elephant(Honest):
        def reset(self, slots: Sequence[Slot]) -> None:
            kept = dict(self.sums)
            super().reset(slots)
            self.sums.update(kept)

    assert "reset" in failures(Elephant(spec))


def test_a_reset_of_everything_is_found(spec: PolicySpec) -> None:
    class Sweeping(Honest):
        def reset(self, slots: Sequence[Slot]) -> None:
            self.sums = dict.fromkeys(self.sums, 0.0)
            super().reset(slots)

    assert "reset_one" in failures(Sweeping(spec))


def test_a_changed_batch_is_found(spec: PolicySpec) -> None:
    class Careless(Honest):
        def act(self, batch: Batch) -> np.ndarray:
            actions = super().act(batch)
            batch.proprioception[:] = 0
            return actions

    assert set(failures(Careless(spec))) == {"batch_unchanged"}


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (np.zeros((4, 7)), "expected (4, 2, 7)"),
        (np.full((4, 2, 7), np.nan), "NaN"),
        (np.zeros((4, 2, 7), int), "floats"),
    ],
)
def test_malformed_actions_are_found(spec: PolicySpec, actions: np.ndarray, message: str) -> None:
    class Malformed(Honest):
        def act(self, batch: Batch) -> np.ndarray:
            return actions

    assert message in failures(Malformed(spec))["actions"]


def test_a_tolerance_is_allowed_only_when_asked_for(spec: PolicySpec) -> None:
    class Kernel(Honest):
        def act(self, batch: Batch) -> np.ndarray:
            return super().act(batch) + 1e-7 * len(batch)

    assert "batch" in failures(Kernel(spec))
    assert check_policy(Kernel(spec), tolerance=1e-6).ok


def test_statistics_of_the_wrong_length_are_found(spec: PolicySpec) -> None:
    short = NormalizationSpec(kind=NormalizationKind.MIN_MAX, low=(0.0,), high=(1.0,))
    policy = Honest(spec.model_copy(update={"normalization": short}))
    assert "normalization_size" in failures(policy)["spec"]


def test_a_privileged_policy_needs_samples(spec: PolicySpec) -> None:
    policy = Honest(spec.model_copy(update={"privileged": ("point",)}))
    with pytest.raises(OptionError, match=r"point.*infos"):
        check_policy(policy)
    assert check_policy(policy, infos=[{"point": np.ones(3)}]).ok


def test_sampled_batches_match_the_spec(spec: PolicySpec) -> None:
    slots = [Slot(3), Slot(5)]
    batch = sample_batch(spec, slots, np.random.default_rng(0))
    assert batch.images["static"].shape == (2, 8, 8, 3)
    assert batch.proprioception.shape == (2, 7)
    assert batch.proprioception.dtype == np.float32
    assert len(batch.instructions) == len(batch.infos) == len(batch) == 2
