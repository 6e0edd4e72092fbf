"""The core's own policies: random is a function of the seed, replay of the recording."""

import numpy as np
import pytest

from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import (
    ActionSpec,
    EnvContract,
    Frame,
    GripperSpec,
    Mode,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)
from vla_gym.errors import OptionError, PolicyError, UnknownNameError
from vla_gym.policies import make_policy

ACTION = ActionSpec(
    parts=(
        TranslationSpec(
            mode=Mode.DELTA, frame=Frame.WORLD, meters_per_unit=0.02, reference=Reference.COMMANDED
        ),
        RotationSpec(
            representation=Rotation.EULER_XYZ,
            mode=Mode.DELTA,
            frame=Frame.WORLD,
            radians_per_unit=0.05,
            additive=True,
            reference=Reference.COMMANDED,
        ),
        GripperSpec(open=1, closed=-1, mode=Mode.ABSOLUTE, binary=True),
    ),
    control_hz=30,
)
ENV = EnvContract(cameras={}, proprioception=(), action=ACTION, base_aligned_with_world=True)


def batch(*slots: Slot) -> Batch:
    count = len(slots)
    return Batch(slots, {}, np.zeros((count, 0), np.float32), [""] * count, [{}] * count)


def test_random_actions_follow_from_the_seed_alone():
    policy = make_policy("random", env_contract=ENV)
    a, b, again = Slot(0, seed=3), Slot(1, seed=4), Slot(7, seed=3)
    policy.reset([a, b, again])
    together = policy.act(batch(a, b))
    alone = policy.act(batch(again))
    assert together.shape == (2, 1, 7)
    np.testing.assert_array_equal(together[0], alone[0])
    assert set(np.unique(together[..., -1])) <= {-1.0, 1.0}


def test_replay_plays_on_through_sub_tasks_and_rewinds_at_episodes(tmp_path):
    actions = np.arange(14, dtype=np.float64).reshape(2, 7)
    np.savez(tmp_path / "a.npz", actions=actions)
    policy = make_policy("replay", env_contract=ENV, options={"path": str(tmp_path / "a.npz")})
    policy.reset([Slot(0, episode=5)])
    np.testing.assert_array_equal(policy.act(batch(Slot(0)))[0, 0], actions[0])
    policy.reset([Slot(0, episode=5, subtask=1)])
    np.testing.assert_array_equal(policy.act(batch(Slot(0)))[0, 0], actions[1])
    policy.reset([Slot(0, episode=6)])
    np.testing.assert_array_equal(policy.act(batch(Slot(0)))[0, 0], actions[0])


def test_replay_of_a_run_directory_finds_each_episode(tmp_path):
    (tmp_path / "actions").mkdir()
    np.savez(tmp_path / "actions" / "000002.npz", actions=np.ones((1, 7), np.float32))
    policy = make_policy("replay", env_contract=ENV, options={"path": str(tmp_path)})
    policy.reset([Slot(0, episode=2)])
    assert policy.act(batch(Slot(0))).dtype == np.float32
    with pytest.raises(PolicyError, match="no recording of episode 3"):
        policy.reset([Slot(0, episode=3)])


@pytest.mark.parametrize(
    ("data", "message"),
    [({"actions": np.ones((3, 6))}, r"shape \(3, 6\)"), ({"x": np.ones(3)}, "no array 'actions'")],
)
def test_a_malformed_recording_is_named(tmp_path, data, message):
    np.savez(tmp_path / "a.npz", **data)
    policy = make_policy("replay", env_contract=ENV, options={"path": str(tmp_path / "a.npz")})
    with pytest.raises(PolicyError, match=message):
        policy.reset([Slot(0)])


def test_bad_names_and_options_have_near_matches(tmp_path):
    with pytest.raises(UnknownNameError, match=r"Unknown policy 'randon'.*random"):
        make_policy("randon", env_contract=ENV)
    with pytest.raises(OptionError, match=r"no option 'scal'.*scale"):
        make_policy("random", env_contract=ENV, options={"scal": 1})
    with pytest.raises(OptionError, match=r"scale=2, expected less than or equal to 1"):
        make_policy("random", env_contract=ENV, options={"scale": 2})
    with pytest.raises(OptionError, match="does not exist"):
        make_policy("replay", env_contract=ENV, options={"path": str(tmp_path / "none")})
    with pytest.raises(OptionError, match=r"needs the option 'path'"):
        make_policy("replay", env_contract=ENV)
    with pytest.raises(OptionError, match=r"no option 'env_contract'"):
        make_policy("random", env_contract=ENV, options={"env_contract": ENV})
