"""The environments with built-in assets: the contract, determinism, messages, the oracle."""

from __future__ import annotations

import os
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from vla_gym_sapien.interface import RobotModel, Shape
from vla_gym_sapien.overlay import photograph
from vla_gym_sapien.poses import Pose
from vla_gym_sapien.sapien3.articulations import build_articulation
from vla_gym_sapien.sapien3.bodies import collision_shapes
from vla_gym_simpler.facts.tasks import TASKS
from vla_gym_simpler.policies.hand import Hand
from vla_gym_simpler.policies.skills import SKILLS

import vla_gym  # noqa: F401
from vla_gym.errors import ActionError, AssetError, OptionError, UnknownNameError

pytest.importorskip("sapien")


def make(task: str, **kwargs):
    options = {"assets": "builtin", "cameras": (), **kwargs}
    return gymnasium.make(TASKS[task].env_id, disable_env_checker=True, **options).unwrapped


@pytest.mark.parametrize("task", TASKS)
def test_every_task_begins_with_built_in_assets(task) -> None:
    env = make(task)
    observation, info = env.reset(seed=0, options={"episode_id": 1})
    assert observation["instruction"]
    assert "images" not in observation
    assert not info["success"]
    for name, pose in env.simulation.settled.items():
        assert np.isfinite(pose.p).all()
        assert 0.8 < pose.p[2] < 1.1, (name, pose.p)
    *_, info = env.step(np.zeros(7))
    assert info["elapsed_steps"] == 1
    env.close()


COKE, NEAR = "google_robot_pick_coke_can", "google_robot_move_near"
OPEN, APPLE = "google_robot_open_drawer", "google_robot_place_apple_in_drawer"
VARIED = {"setting": "variant-aggregation"}


@pytest.mark.parametrize(
    ("task", "kwargs"),
    [
        (COKE, {"distractors": "more", "lighting": "darker"}),
        (COKE, {"table": "Baked_sc1_staging_objaverse_cabinet1_h870", "camera": "alt_camera_1"}),
        (NEAR, {"distractors": "none", "objects": "unbaked", "background": "alt_background"}),
        (OPEN, {"station": "mk_station2", "background": "modern_office_no_roof"}),
        (APPLE, {"lighting": "brighter"}),
    ],
)
def test_variants_can_be_simulated(task, kwargs) -> None:
    env = make(task, **VARIED, **kwargs)
    env.reset(seed=3, options={"episode_id": 4})
    assert env.simulation.initial.photo == ""
    *_, info = env.step(np.zeros(7))
    assert info["elapsed_steps"] == 1
    env.close()


def test_the_oracle_stacks_the_cube() -> None:
    env = make("widowx_stack_cube")
    _, info = env.reset(seed=0, options={"episode_id": 0})
    hand = Hand(info["scene"], info["state"])
    program = SKILLS["widowx_stack_cube"](hand)
    truncated = False
    while not truncated:
        hand.look(info["scene"], info["state"])
        _, _, _, truncated, info = env.step(next(program))
    assert info["success"]
    assert info["metrics"]["consecutive_grasp"]
    env.close()


def test_a_sub_task_that_ran_out_of_time_is_no_success() -> None:
    env = make(APPLE, cameras=())
    env.reset(seed=0, options={"episode_id": 0, "subtasks": list(env.tasks)})
    still = np.zeros((150, 7))
    _, reward, terminated, truncated, info = env.step_chunk(still)
    assert (info["steps"], info["subtask_index"], info["task"]) == (100, 1, APPLE)
    assert (info["success"], reward, terminated, truncated) == (False, 0.0, False, False)
    env.close()


def test_a_reset_without_sub_tasks_asks_for_those_of_the_constructor() -> None:
    env = make("widowx_stack_cube", subtasks=("widowx_stack_cube",))
    assert env.reset(seed=0)[1]["task"] == "widowx_stack_cube"
    env.close()


def test_a_sub_task_begun_from_outside_is_not_counted_as_left_behind() -> None:
    """Otherwise the runner would take it for over at its first step."""
    env = make(APPLE, cameras=())
    env.reset(seed=0, options={"episode_id": 0, "subtasks": list(env.tasks)})
    env.begin_subtask(APPLE)
    *_, info = env.step(np.zeros(7))
    assert (info["task"], info["subtask_index"]) == (APPLE, 0)
    env.close()


def test_bad_input_is_explained() -> None:
    env = make("widowx_stack_cube")
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.zeros(7))
    with pytest.raises(OptionError, match="episode_id=24: widowx_stack_cube has the episodes 0 to"):
        env.reset(options={"episode_id": 24})
    with pytest.raises(OptionError, match=r"expected \['widowx_stack_cube'\]|expected a list"):
        env.reset(options={"subtasks": "widowx_stack_cube"})
    env.reset(seed=0)
    with pytest.raises(ActionError, match=r"action\[3\] is nan"):
        env.step(np.array([0, 0, 0, np.nan, 0, 0, 0]))
    with pytest.raises(ActionError, match=r"shape \(6,\)"):
        env.step(np.zeros(6))
    env.close()
    with pytest.raises(gymnasium.error.ClosedEnvironmentError):
        env.reset()


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        (
            {"engine": "sapien2"},
            "engine='sapien2', expected one of sapien3 (did you mean sapien3?)",
        ),
        ({"shader": "fancy"}, "shader='fancy', expected one of default, trivial"),
        ({"lighting": "dark"}, "lighting='dark', expected one of default, darker, brighter"),
        ({"cameras": ("wrist",)}, "Unknown camera 'wrist'"),
        ({"weather": "rain"}, "widowx_stack_cube has no option 'weather'"),
        ({"assets": "mine"}, "assets='mine'"),
    ],
)
def test_wrong_keywords_are_explained(kwargs, words) -> None:
    with pytest.raises((UnknownNameError, OptionError)) as caught:
        make("widowx_stack_cube", **kwargs)
    assert words in str(caught.value)


WITHOUT_VULKAN = """
import numpy as np
from vla_gym.errors import MissingDependencyError
from vla_gym_simpler.env import SimplerEnv

env = SimplerEnv(task="widowx_stack_cube", assets="builtin")
try:
    env.reset(seed=0)
except MissingDependencyError as error:
    print(error)
env = SimplerEnv(task="widowx_stack_cube", assets="builtin", cameras=())
env.reset(seed=0)
print("steps:", env.step(np.zeros(7))[4]["elapsed_steps"])
print("renderer:", env.describe()["renderer"])
"""


def test_without_vulkan_the_package_is_named_and_all_but_pictures_works() -> None:
    """In a process that finds no driver, as on a machine without one."""
    nothing = dict.fromkeys(("VK_ICD_FILENAMES", "VK_DRIVER_FILES"), "/nonexistent/icd.json")
    command = [sys.executable, "-c", WITHOUT_VULKAN]
    done = subprocess.run(command, env=os.environ | nothing, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "apt-get install -y libvulkan1 mesa-vulkan-drivers" in done.stdout
    assert "steps: 1\nrenderer: None\n" in done.stdout


FETCH = "Fix: `vla-gym assets fetch simpler`, or use assets='builtin'."


@pytest.mark.parametrize(
    ("need", "what"),
    [
        (lambda file: collision_shapes(Shape("mesh", file=file), None), "collision mesh"),
        (lambda file: photograph(file, (48, 64)), "background photograph"),
        (lambda file: build_articulation(None, RobotModel("arm", file), Pose.of()), "description"),
    ],
)
def test_a_missing_file_is_named(need, what, tmp_path) -> None:
    with pytest.raises(AssetError) as caught:
        need(tmp_path / "gone.obj")
    assert f"{tmp_path / 'gone.obj'}: the" in str(caught.value)
    assert what in str(caught.value)
    assert FETCH in str(caught.value)
