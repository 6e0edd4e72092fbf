"""The environments: input checks, the oracle, named failures, working without Vulkan."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
from vla_gym_bdr.env import BdrEnv
from vla_gym_bdr.names import TASKS
from vla_gym_bdr.policies.hand import Hand
from vla_gym_bdr.policies.skills import SKILLS

import vla_gym  # noqa: F401
from vla_gym.errors import ActionError, OptionError, SuiteError, UnknownNameError

pytest.importorskip("sapien")


def make(task: Any = "PickUpRedMug", **kwargs: Any) -> BdrEnv:
    return BdrEnv(**{"task": task, "cameras": (), **kwargs})


def solve(env: BdrEnv, seed: int = 0) -> dict[str, Any]:
    _, info = env.reset(seed=seed)
    hand = Hand(info["scene"], info["state"])
    program = SKILLS[info["scene"]["verb"]](hand)
    over = False
    while not over and not info["success"]:
        hand.look(info["scene"], info["state"])
        _, _, _, over, info = env.step(next(program))
    return info


def test_ids_are_registered() -> None:
    for name in TASKS:
        assert f"BDRBench-{name}-v0" in gymnasium.registry
    env = gymnasium.make("BDRBench-OpenOven-v0", setting="novel-skill", cameras=())
    observation, _ = env.reset(seed=0)
    assert observation["instruction"] == "unlock the oven"
    env.close()


def test_a_reset_without_sub_tasks_asks_for_those_of_the_constructor() -> None:
    env = make(subtasks=("PickUpRedMug",))
    assert env.reset(seed=0)[1]["task"] == "PickUpRedMug"
    env.close()
    with pytest.raises(UnknownNameError, match="Unknown sub-task 'PickUpRedMugg'"):
        make(subtasks=("PickUpRedMugg",))


@pytest.mark.parametrize("task", ["PickUpRedMug", "PressToasterSwitch"])
def test_the_oracle_succeeds_and_no_failure_is_named(task: str) -> None:
    env = make(task)
    info = solve(env)
    assert info["success"]
    assert not any(info["metrics"].values())
    env.close()


def test_a_users_task_can_be_solved() -> None:
    task = {
        "name": "TakeDuck",
        "instruction": "pick up the rubber duck",
        "scene": {"rubber_duck": {"x": [0.45, 0.5], "y": [-0.05, 0.05]}},
        "goal": {"picked": "rubber_duck"},
        "steps": 120,
    }
    env = make(task)
    assert solve(env)["success"]
    env.close()


def run(env: BdrEnv, *actions: tuple[int, list[float]]) -> dict[str, Any]:
    """Execute actions, each some times, and return the last info."""
    info: dict[str, Any] = {}
    for count, action in actions:
        for _ in range(count):
            *_, info = env.step(np.array(action))
    return info


def test_closing_far_from_everything_is_premature_and_then_time_is_out() -> None:
    env = make(max_steps=4)
    env.reset(seed=0)
    info = run(env, (4, [0, 0, 0, 0, 0, 0, -1.0]))
    assert info["metrics"]["premature_closing"]
    assert info["metrics"]["time_out"]
    assert info["failure"] == "time_out"
    env.close()


def test_letting_go_in_the_air_is_a_wrong_place() -> None:
    env = make("PutMandarinOnRedPlate")
    _, info = env.reset(seed=0)
    hand = Hand(info["scene"], info["state"])
    program = SKILLS["picked"](hand)
    while info["state"]["object:mandarin"][2] < 0.06:
        hand.look(info["scene"], info["state"])
        *_, info = env.step(next(program))
    info = run(env, (8, [0, 0, 0, 0, 0, 0, 1.0]))
    assert info["metrics"]["wrong_place"]
    assert not info["metrics"]["dropped"]
    env.close()


def test_bad_input_is_explained() -> None:
    env = make()
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.zeros(7))
    with pytest.raises(UnknownNameError, match="reset option 'episode'"):
        env.reset(options={"episode": 1})
    with pytest.raises(OptionError, match="expected a list of names"):
        env.reset(options={"subtasks": "PickUpRedMug"})
    env.reset(seed=0)
    with pytest.raises(ActionError, match=r"action\[3\] is nan"):
        env.step(np.array([0, 0, 0, np.nan, 0, 0, 0]))
    env.close()
    with pytest.raises(gymnasium.error.ClosedEnvironmentError):
        env.reset()


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"task": "PickUpRedMugg"}, UnknownNameError, "Did you mean PickUpRedMug"),
        ({"task": {"name": "X"}}, SuiteError, "instruction"),
        ({"setting": "dark"}, UnknownNameError, "Unknown setting 'dark'"),
        ({"cameras": ("top",)}, UnknownNameError, "Unknown camera 'top'"),
        ({"camera_sizes": {"wrist": (4, 4)}, "cameras": ("wrist",)}, OptionError, "at least 8 x 8"),
        ({"max_steps": 0}, OptionError, "at least 1"),
    ],
)
def test_wrong_keywords_are_explained(
    kwargs: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        make(**kwargs)


WITHOUT_VULKAN = """
import numpy as np
from vla_gym.errors import MissingDependencyError
from vla_gym_bdr.env import BdrEnv

env = BdrEnv(task="PressToasterSwitch")
try:
    env.reset(seed=0)
except MissingDependencyError as error:
    print(error)
env = BdrEnv(task="PressToasterSwitch", cameras=())
env.reset(seed=0)
print("steps:", env.step(np.zeros(7))[4]["elapsed_steps"])
"""


def test_without_vulkan_the_package_is_named_and_all_but_pictures_works() -> None:
    nothing = dict.fromkeys(("VK_ICD_FILENAMES", "VK_DRIVER_FILES"), "/nonexistent/icd.json")
    command = [sys.executable, "-c", WITHOUT_VULKAN]
    done = subprocess.run(command, env=os.environ | nothing, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mesa-vulkan-drivers" in done.stdout
    assert "steps: 1" in done.stdout
