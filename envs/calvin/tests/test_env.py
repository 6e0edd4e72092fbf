"""The Gymnasium face of CALVIN: chains, chunks, options, and what bad input says."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from gymnasium.vector import AsyncVectorEnv
from vla_gym_calvin import facts
from vla_gym_calvin.env import CalvinEnv
from vla_gym_calvin.language import MODES, instruction_set
from vla_gym_calvin.spec import env_contract

import vla_gym  # noqa: F401 (registers the ids)
from vla_gym.errors import ActionError, OptionError, UnknownNameError

IDS = ("CALVIN-D-D-v0", "CALVIN-ABC-D-v0", "CALVIN-ABCD-D-v0")
OPEN_GRIPPER = np.array([0, 0, 0, 0, 0, 0, 1.0])


@pytest.fixture
def env(official):
    made = CalvinEnv(cameras=(), button_reset="main")
    yield made
    made.close()


def options_of(case, **more):
    return {"robot_obs": case["init_robot_obs"], "scene_obs": case["init_scene_obs"], **more}


@pytest.mark.parametrize("env_id", IDS)
def test_gymnasiums_own_check(official, env_id):
    env = gymnasium.make(env_id, cameras=())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gymnasium_check_env(env.unwrapped, skip_render_check=True)


def test_pictures_and_depth_are_in_the_observation_space(official):
    sizes = {"static": (24, 32), "wrist": (16, 16)}
    env = CalvinEnv(renderer="tiny", camera_sizes=sizes, depth=True, render_mode="rgb_array")
    observation, _ = env.reset(seed=0)
    assert observation in env.observation_space
    assert observation["images"]["static"].shape == (24, 32, 3)
    np.testing.assert_array_equal(env.render(), observation["images"]["static"])
    assert env.contract.cameras["static"].width == 32
    assert env.describe()["renderer"]["name"] == "tiny"
    unseen, *_ = env.step_chunk(OPEN_GRIPPER[None], observe=False)
    assert "images" not in unseen
    env.close()


def test_async_vector_env_gives_the_same_episodes(env):
    kwargs = {"cameras": (), "button_reset": "main"}
    vector = AsyncVectorEnv([lambda: CalvinEnv(**kwargs)] * 2)
    first, _ = vector.reset(seed=[5, 6])
    for _ in range(3):
        second, *_ = vector.step(np.tile(OPEN_GRIPPER, (2, 1)))
    vector.close()
    for index, seed in enumerate((5, 6)):
        alone, _ = env.reset(seed=seed)
        np.testing.assert_array_equal(first["proprioception"][index], alone["proprioception"])
        for _ in range(3):
            alone, *_ = env.step(OPEN_GRIPPER)
        np.testing.assert_array_equal(second["proprioception"][index], alone["proprioception"])


def test_a_seed_decides_where_blocks_lie(env):
    poses = [env.reset(seed=seed)[1]["scene_obs"] for seed in (1, 2, 1)]
    np.testing.assert_array_equal(poses[0], poses[2])
    assert not np.array_equal(poses[0], poses[1])


def test_a_chain_advances_when_a_sub_task_succeeds_and_ends_with_the_last(env, load_case):
    case = load_case("D/case_04_led_off_on")
    flags = np.unpackbits(case["task_done"], axis=1)[:, : len(facts.TASKS)]
    off = facts.TASKS.index("turn_off_led")
    done_at = int(np.flatnonzero(flags[:, off])[0]) + 1
    chain = ["turn_off_led", "turn_on_led"]
    observation, info = env.reset(options=options_of(case, subtasks=chain))
    assert (info["task"], info["subtask_index"], info["task_done"]) == (chain[0], 0, [])
    assert observation["instruction"] == instruction_set().sentences[chain[0]]

    observation, reward, terminated, truncated, info = env.step_chunk(case["actions"])
    assert (info["steps"], reward, terminated, truncated) == (done_at, 1.0, False, False)
    assert info["success"]
    assert "turn_off_led" in info["task_done"]
    assert (info["task"], info["subtask_index"]) == (chain[1], 1)
    assert observation["instruction"] == instruction_set().sentences[chain[1]]

    _, reward, terminated, _, info = env.step_chunk(case["actions"][done_at:])
    assert (reward, terminated, info["task"], info["subtask_index"]) == (1.0, True, "", 2)
    assert info["task_done"] == ["turn_on_led"]  # counted from the second sub-task's beginning


def test_a_sub_task_that_takes_too_long_truncates(official):
    env = CalvinEnv(cameras=(), max_steps=3)
    env.reset(seed=0, options={"subtasks": ["open_drawer"]})
    _, _, terminated, truncated, info = env.step_chunk(np.tile(OPEN_GRIPPER, (5, 1)))
    assert (terminated, truncated, info["steps"], info["success"]) == (False, True, 3, False)
    env.begin_subtask("close_drawer")
    *_, truncated, info = env.step(OPEN_GRIPPER)
    assert not truncated
    assert info["task"] == "close_drawer"
    env.close()


def test_free_play_never_ends_and_counts_from_begin_subtask(env, load_case):
    case = load_case("D/case_04_led_off_on")
    env.reset(options=options_of(case))
    _, reward, terminated, truncated, info = env.step_chunk(case["actions"][:40])
    assert (info["steps"], reward, terminated, truncated) == (40, 0.0, False, False)
    assert (info["task"], info["success"]) == ("", False)
    assert info["task_done"] == ["turn_off_led"]
    env.begin_subtask()
    *_, info = env.step(case["actions"][40])
    assert info["task_done"] == []


def test_begin_subtask_skips_ahead_or_replaces(env):
    env.reset(seed=0, options={"subtasks": ["open_drawer", "close_drawer", "turn_on_led"]})
    env.begin_subtask("close_drawer")
    assert env.step(OPEN_GRIPPER)[4]["task"] == "close_drawer"
    env.begin_subtask("move_slider_left", instruction="over there")
    observation, *_, info = env.step(OPEN_GRIPPER)
    assert info["task"] == "move_slider_left"
    assert observation["instruction"] == "over there"


def test_actions_keep_their_precision_and_are_left_alone(env, load_case):
    case = load_case("D/case_10_random2")
    env.reset(options=options_of(case))
    actions = case["actions"][:4].copy()
    actions.flags.writeable = False
    for step, action in enumerate(actions):
        *_, info = env.step(action)
        np.testing.assert_array_equal(info["robot_obs"], case["robot_obs"][step])
    env.reset(options=options_of(case))
    *_, info = env.step(actions[0].astype(np.float32))
    assert not np.array_equal(info["robot_obs"], case["robot_obs"][0])


def test_the_gripper_is_binarised_at_zero(env):
    for value, command in ((0.3, 1), (0.0, -1), (-0.01, -1), (1, 1)):
        env.reset(seed=0)
        *_, info = env.step([0, 0, 0, 0, 0, 0, value])
        assert info["robot_obs"][14] == command


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros(6), r"shape \(6,\), expected \(7,\)"),
        ([0, 0, np.nan, 0, 0, 0, 1], r"action\[2\] is nan"),
        (np.full(7, np.inf), "inf"),
        (["a"] * 7, "dtype"),
        ([[0], [0, 1]], "not an array"),
    ],
)
def test_bad_actions_are_refused(env, action, message):
    env.reset(seed=0)
    with pytest.raises(ActionError, match=message):
        env.step(action)


def test_a_chunk_is_checked_before_anything_moves(env):
    _, before = env.reset(seed=0)
    chunk = np.tile(OPEN_GRIPPER, (3, 1))
    chunk[2, 1] = np.nan
    with pytest.raises(ActionError, match=r"action\[2, 1\] is nan"):
        env.step_chunk(chunk)
    np.testing.assert_array_equal(env.world.robot_obs(), before["robot_obs"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"subtask": ["open_drawer"]}, UnknownNameError, "Did you mean subtasks"),
        ({"subtasks": ["open_drawr"]}, UnknownNameError, "Did you mean open_drawer"),
        ({"subtasks": "open_drawer"}, OptionError, "expected a list"),
        ({"robot_obs": np.zeros(14)}, OptionError, r"robot_obs has shape \(14,\)"),
        ({"scene_obs": np.full(24, np.nan)}, OptionError, "scene_obs holds nan"),
        ({"scene_obs": "closed"}, OptionError, "scene_obs is not a vector"),
        ({"subtasks": ["open_drawer"], "instructions": []}, OptionError, "0 texts for 1"),
        ({"subtasks": ["open_drawer"], "instructions": ["\x00"]}, OptionError, "Latin"),
    ],
)
def test_bad_reset_options(env, options, error, message):
    with pytest.raises(error, match=message):
        env.reset(options=options)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"scene": "E"}, UnknownNameError, "'E'"),
        ({"assets": "offical"}, OptionError, "offical"),
        ({"renderer": "opengl"}, UnknownNameError, "opengl"),
        ({"visuals": "exakt"}, UnknownNameError, "exact"),
        ({"button_reset": "old"}, OptionError, "old"),
        ({"language": "english"}, OptionError, "english"),
        ({"cameras": ("statik",)}, UnknownNameError, "static"),
        ({"cameras": "static"}, OptionError, "list"),
        ({"max_steps": 0}, OptionError, "max_steps"),
        ({"render_mode": "human"}, UnknownNameError, "human"),
    ],
)
def test_bad_constructor_arguments(official, kwargs, error, message):
    with pytest.raises(error, match=message):
        CalvinEnv(**{"cameras": (), **kwargs})


def test_use_before_reset_and_after_close_says_so(official):
    env = CalvinEnv(cameras=())
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(OPEN_GRIPPER)
    env.close()
    env.close()
    with pytest.raises(gymnasium.error.ClosedEnvironmentError):
        env.reset()


def test_every_sentence_fits_the_observation_space(official, env):
    for mode in MODES:
        for sentence in instruction_set(mode).sentences.values():
            assert sentence in env.observation_space["instruction"]


def test_the_contract_needs_no_environment():
    spec = env_contract(cameras=("wrist",), scene="A", assets="builtin")
    assert list(spec.cameras) == ["wrist"]
    assert spec.proprioception_size == facts.ROBOT_OBS_SIZE
    assert spec.action.size == facts.ACTION_SIZE
