"""Statistics of actions: there and back, masks, clipping, types."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_gym.contract import NormalizationKind, NormalizationSpec
from vla_gym.contract.normalization import normalize, unnormalize

KINDS = list(NormalizationKind)
values = st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(np.array)


def make(kind: NormalizationKind, **changes: object) -> NormalizationSpec:
    parts = {"kind": kind, "low": (-0.5, 0.1, 2.0), "high": (0.25, 3.0, 5.0), **changes}
    return NormalizationSpec(**parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@given(normalized=values)
def test_there_and_back_is_the_same(kind: NormalizationKind, normalized: np.ndarray) -> None:
    spec = make(kind)
    back = normalize(unnormalize(normalized, spec), spec)
    np.testing.assert_allclose(back, normalized, atol=1e-12)


@pytest.mark.parametrize("kind", [NormalizationKind.MIN_MAX, NormalizationKind.QUANTILE])
def test_the_ends_are_low_and_high(kind: NormalizationKind) -> None:
    spec = make(kind)
    np.testing.assert_allclose(unnormalize(-np.ones(3), spec), spec.low)
    np.testing.assert_allclose(unnormalize(np.ones(3), spec), spec.high)


def test_z_scores_are_mean_and_standard_deviation() -> None:
    spec = make(NormalizationKind.MEAN_STD)
    np.testing.assert_allclose(unnormalize(np.full(3, 2.0), spec), [0.0, 6.1, 12.0])


@pytest.mark.parametrize("kind", KINDS)
@given(normalized=values)
def test_masked_numbers_keep_their_bits(kind: NormalizationKind, normalized: np.ndarray) -> None:
    spec = make(kind, mask=(True, True, False))
    assert unnormalize(normalized, spec)[2].tobytes() == normalized[2].tobytes()


def test_clipping_happens_only_when_declared() -> None:
    wild = np.array([-3.0, 3.0, 3.0])
    kept = unnormalize(wild, make(NormalizationKind.QUANTILE))
    clipped = unnormalize(
        wild, make(NormalizationKind.QUANTILE, clip=True, mask=(True, True, False))
    )
    assert kept[0] < -0.5
    np.testing.assert_allclose(clipped, [-0.5, 3.0, 3.0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_is_kept(kind: NormalizationKind, dtype: type) -> None:
    assert unnormalize(np.zeros((2, 3), dtype), make(kind)).dtype == dtype
    assert normalize(np.zeros((2, 3), dtype), make(kind)).dtype == dtype


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_number_is_no_division_by_zero(kind: NormalizationKind) -> None:
    flat = {"low": (0.3,), "high": (0.0 if kind is NormalizationKind.MEAN_STD else 0.3,)}
    spec = NormalizationSpec(kind=kind, **flat)
    assert normalize(np.array([0.3]), spec).tolist() == [0.0]
    assert unnormalize(np.array([0.0]), spec).tolist() == pytest.approx([0.3])


def test_nothing_declared_changes_nothing() -> None:
    array = np.array([1.0, 2.0])
    assert unnormalize(array, None) is array
    assert normalize(array, None) is array
