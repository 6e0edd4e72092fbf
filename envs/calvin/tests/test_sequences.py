"""The chains and initial states are the official ones, and follow from the rules shipped here."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from vla_gym_calvin import facts
from vla_gym_calvin import sequences as seq
from vla_gym_calvin.initial import fnv1_32, initial_state, placement_seed

GOLDEN = Path(__file__).parents[4] / "shared" / "golden" / "calvin" / "protocol"
needs_golden = pytest.mark.skipif(
    not GOLDEN.is_dir(), reason=f"the official recordings are not at {GOLDEN}"
)


@needs_golden
def test_shipped_sequences_are_the_official_ones():
    official = json.loads((GOLDEN / "eval_sequences_0_500.json").read_text())
    shipped = seq.eval_sequences()[: len(official)]
    assert [[s.initial._asdict(), list(s.tasks)] for s in shipped] == official


@needs_golden
def test_initial_states_are_bit_exact():
    official = np.load(GOLDEN / "initial_states_0_500.npz")
    for sequence, scene_obs, seed in zip(
        seq.eval_sequences(), official["scene_obs"], official["hash_seed"], strict=False
    ):
        state = initial_state(sequence.initial)
        np.testing.assert_array_equal(state.scene_obs, scene_obs)
        np.testing.assert_array_equal(state.robot_obs, official["robot_obs"])
        assert placement_seed(sequence.initial) == seed


def test_there_are_1000_valid_chains_of_five_different_kinds():
    sequences = seq.eval_sequences()
    assert len(sequences) == seq.SEQUENCE_COUNT
    for sequence in sequences:
        assert len(set(sequence.tasks)) == seq.CHAIN_LENGTH
        assert set(sequence.tasks) <= set(facts.TASKS)
        assert seq.is_possible(sequence.initial, sequence.tasks)


def test_initial_conditions_come_in_the_drawn_order():
    """The shuffle and the shares of the 192 states, over all 1000, without drawing chains."""
    states = seq.initial_conditions()
    assert len(states) == 192
    shares = seq.chains_per_condition()
    flat = [state for state, share in zip(states, shares, strict=True) for _ in range(share)]
    order = list(range(len(flat)))
    np.random.RandomState(0).shuffle(order)
    assert [s.initial for s in seq.eval_sequences()] == [flat[i] for i in order]


@pytest.mark.parametrize("number", [0, 7, 58, 101, 163, 191])
def test_shipped_chains_of_a_state_are_what_the_generator_draws(number):
    state = seq.initial_conditions()[number]
    share = seq.chains_per_condition()[number]
    drawn = list(itertools.islice(seq.chains_from(number), share))
    shipped = [s.tasks for s in seq.eval_sequences() if s.initial == state]
    assert Counter(shipped) == Counter(drawn)


def test_shipped_file_is_what_the_generator_would_write():
    data = Path(seq.__file__).parent / "data" / seq.DATA_FILE
    assert seq.dumps(seq.eval_sequences()) == data.read_bytes()


def test_a_small_set_is_drawn_reproducibly():
    small = seq.generate(3)
    assert small == seq.generate(3)
    assert all(seq.is_possible(s.initial, s.tasks) for s in small)


def test_a_door_hides_its_side_of_the_shelf():
    state = seq.initial_conditions()[0]._replace(red_block="slider_left", slider="left")
    assert seq.successor(state, "lift_red_block_slider") is None
    moved = seq.successor(state, "move_slider_right")
    assert moved is not None
    lifted = seq.successor(moved, "lift_red_block_slider")
    assert lifted is not None
    assert lifted.grasped == 1


def test_stacking_needs_exactly_one_block_to_stack_on():
    state = seq.initial_conditions()[0]._replace(red_block="grasped", grasped=1)
    both = state._replace(blue_block="table", pink_block="table")
    assert seq.successor(both, "stack_block") is None
    one = seq.successor(both._replace(pink_block="slider_left"), "stack_block")
    assert one is not None
    assert (one.red_block, one.blue_block) == ("stacked_top", "stacked_bottom")


def test_hash_is_fnv1_from_zero():
    assert fnv1_32(b"") == 0
    assert fnv1_32(b"a") == ord("a")
    assert fnv1_32(b"ab") == (ord("a") * 0x01000193) ^ ord("b")


@pytest.mark.parametrize("scene", sorted(facts.SCENES))
def test_every_scene_starts_with_its_blocks_where_the_condition_says(scene):
    geometry = facts.SCENES[scene]
    for initial in seq.initial_conditions():
        obs = initial_state(initial, scene=scene).scene_obs
        assert obs.shape == (facts.SCENE_OBS_SIZE,)
        poses = obs[6:].reshape(3, 6)
        for (color, _), pose in zip(geometry.blocks, poses, strict=True):
            low, high = geometry.surfaces[getattr(initial, f"{color}_block")]
            assert low[0] <= pose[0] <= high[0]
        assert obs[0] in (0.0, geometry.slide_limit)
