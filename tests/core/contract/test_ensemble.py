"""Temporal ensembling, against the sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation as ScipyRotation

from vla_gym.contract import Frame, Mode, Rotation, RotationSpec
from vla_gym.contract.ensemble import TemporalEnsemble, ensemble_weights


def test_weights_favour_the_oldest_prediction() -> None:
    raw = np.exp(-0.1 * np.arange(4))
    np.testing.assert_allclose(ensemble_weights(4, decay=0.1), raw / raw.sum())
    np.testing.assert_allclose(ensemble_weights(4, decay=0.0), 0.25)


def test_the_action_is_the_weighted_mean_of_all_predictions_of_this_step(world) -> None:
    chunks = np.random.default_rng(0).normal(size=(6, 3, 7))
    ensemble = TemporalEnsemble(3, decay=0.01, action=world.action())
    for now, chunk in enumerate(chunks):
        action = ensemble.add(chunk)
        made = range(max(0, now - 2), now + 1)
        predictions = np.array([chunks[when][now - when] for when in made])
        weights = np.exp(-0.01 * np.arange(len(predictions)))
        wanted = (weights[:, None] * predictions).sum(axis=0) / weights.sum()
        np.testing.assert_allclose(action, wanted, atol=1e-12)


def test_the_first_prediction_passes_bit_by_bit_and_the_type_is_kept(world) -> None:
    for dtype in (np.float32, np.float64):
        chunk = np.random.default_rng(1).normal(size=(2, 7)).astype(dtype)
        ensemble = TemporalEnsemble(2, decay=0.5, action=world.action())
        assert ensemble.add(chunk).tobytes() == chunk[0].tobytes()
        assert ensemble.add(chunk).dtype == dtype


def test_reset_forgets_the_predictions(world) -> None:
    chunk = np.random.default_rng(1).normal(size=(2, 7))
    ensemble = TemporalEnsemble(2, decay=0.5, action=world.action())
    ensemble.add(chunk + 1)
    ensemble.reset()
    assert ensemble.add(chunk).tobytes() == chunk[0].tobytes()


def test_a_callers_chunk_may_be_reused(world) -> None:
    chunk = np.ones((2, 7))
    ensemble = TemporalEnsemble(2, decay=0.0, action=world.action())
    ensemble.add(chunk)
    chunk[:] = 3
    assert ensemble.add(chunk)[0] == pytest.approx(2)


@pytest.mark.parametrize("representation", [Rotation.EULER_XYZ, Rotation.QUAT_XYZW])
def test_absolute_rotations_are_averaged_as_rotations(world, representation: Rotation) -> None:
    rotation = RotationSpec(
        representation=representation, mode=Mode.ABSOLUTE, frame=Frame.WORLD, radians_per_unit=1
    )
    ensemble = TemporalEnsemble(2, decay=0.0, action=world.action(rotation=rotation))
    yaws = ScipyRotation.from_euler("xyz", [[0, 0, 3.1], [0, 0, -3.1]])
    quaternions = yaws.as_quat() * np.array([[1], [-1]])
    written = quaternions if representation is Rotation.QUAT_XYZW else yaws.as_euler("xyz")
    chunks = [np.r_[0, 0, 0, numbers, 1][None].repeat(2, axis=0) for numbers in written]
    ensemble.add(chunks[0])
    average = ensemble.add(chunks[1])[3:-1]
    if representation is Rotation.QUAT_XYZW:
        yaw = ScipyRotation.from_quat(average).as_euler("xyz")[2]
    else:
        yaw = average[2]
    assert abs(yaw) == pytest.approx(np.pi)
