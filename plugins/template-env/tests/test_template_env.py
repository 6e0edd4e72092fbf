"""What every environment plugin should test of itself."""

from pathlib import Path

import numpy as np
import pytest
import vla_gym_template_env
from vla_gym_template_env.env import SPOTS, ArmEnv

from vla_gym.conformance import check_env
from vla_gym.errors import UnknownNameError


def test_it_keeps_the_contract() -> None:
    env = ArmEnv()
    check_env(env)
    env.close()


def test_a_chain_goes_on_at_each_success_and_terminates() -> None:
    env = ArmEnv(cameras=(), max_steps=400)
    _, info = env.reset(seed=0, options={"subtasks": list(SPOTS)})
    done, terminated = 0, False
    while not terminated:
        action = np.zeros(7)
        action[:2] = np.clip(info["offset"] / 0.02, -1, 1)
        _, _, terminated, truncated, info = env.step(action)
        done += info["success"]
        assert not truncated
    assert (done, info["subtask_index"], info["task"]) == (3, 3, "")


def test_it_is_truncated_at_the_step_limit() -> None:
    env = ArmEnv(cameras=(), max_steps=5)
    env.reset(seed=0, options={"subtasks": ["reach_red"]})
    *_, terminated, truncated, info = env.step_chunk(np.zeros((9, 7)))
    assert (terminated, truncated, info["steps"]) == (False, True, 5)


def test_unknown_names_have_near_matches() -> None:
    env = ArmEnv(cameras=())
    with pytest.raises(UnknownNameError, match="reach_red"):
        env.reset(options={"subtasks": ["reach_rad"]})
    with pytest.raises(UnknownNameError, match="subtasks"):
        env.reset(options={"subtask": []})


def test_the_environment_is_small() -> None:
    file = Path(vla_gym_template_env.__file__).with_name("env.py")
    assert len(file.read_text().splitlines()) < 100
