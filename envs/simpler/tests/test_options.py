"""Every family of tasks understands its own keywords and reset options, and refuses all others."""

from __future__ import annotations

import json
from typing import Any

import gymnasium
import pytest
from typer.testing import CliRunner
from vla_gym_simpler.facts.tasks import TASKS
from vla_gym_simpler.options import read_options
from vla_gym_simpler.reset_options import read_reset_options
from vla_gym_simpler.tasks import make_task

import vla_gym  # noqa: F401  (registers)
from vla_gym.cli.app import app
from vla_gym.env.registration import contract_of
from vla_gym.errors import OptionError, UnknownNameError

STACK, COKE = "widowx_stack_cube", "google_robot_pick_coke_can"
NEAR, OPEN = "google_robot_move_near", "google_robot_open_drawer"
APPLE = "google_robot_place_apple_in_drawer"

OWN = {
    "lighting": {*TASKS},
    "background": {*TASKS},
    "table": {*TASKS} - {OPEN, "google_robot_close_drawer", APPLE},
    "orientation": {COKE},
    "objects": {NEAR},
    "distractors": {COKE, NEAR},
    "drawer": {OPEN, "google_robot_close_drawer"},
    "station": {OPEN, "google_robot_close_drawer", APPLE},
    "camera": {task for task, facts in TASKS.items() if facts.robot == "google_robot"},
    "robot_variant": {task for task, facts in TASKS.items() if facts.robot == "google_robot"},
}
"""Which tasks have a keyword that not all of them need to have."""


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_its_own_keywords_and_no_others(task: str) -> None:
    known = set(type(read_options(task, {})).model_fields)
    own = {name for name, tasks in OWN.items() if task in tasks}
    assert known == {"assets", "engine", "shader", "setting", *own}


@pytest.mark.parametrize(
    ("task", "name", "words"),
    [
        (STACK, "drawer", "It belongs to google_robot_open_drawer, google_robot_close_drawer."),
        (STACK, "camera", "It belongs to google_robot_pick_coke_can, google_robot_move_near"),
        (STACK, "robot_variant", "It understands assets, background, camera_sizes, cameras"),
        (APPLE, "drawer", "It understands assets, background, camera, camera_sizes"),
        (OPEN, "table", "It belongs to widowx_spoon_on_towel"),
        (NEAR, "lightning", "Did you mean lighting?"),
        (COKE, "max_step", "Did you mean max_steps?"),
        (COKE, "weather", "has no option 'weather'. It understands"),
    ],
)
def test_what_a_task_does_not_understand_is_refused_by_name(task, name, words) -> None:
    with pytest.raises(OptionError) as caught:
        make_task(task, {name: "x"})
    assert str(caught.value).startswith(f"{task} has no option {name!r}.")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("task", "options", "words"),
    [
        (STACK, {"lighting": "darkish"}, "lighting='darkish', expected one of default, darker"),
        (STACK, {"lighting": "vertical"}, "lighting='vertical', expected one of default"),
        (NEAR, {"table": "oak"}, "table='oak', expected one of Baked_sc1"),
        (NEAR, {"robot_variant": "pink"}, "robot_variant='pink', expected one of recolor_table"),
        (NEAR, {"distractors": "more"}, "distractors='more', expected one of none"),
        (NEAR, {"objects": "v3"}, "objects='v3', expected one of unbaked, v0, v1 (did you mean"),
        (COKE, {"distractors": "none"}, "distractors='none', expected one of less, more"),
        (COKE, {"camera": "variant"}, "camera='variant', expected one of alt_camera_1"),
        (OPEN, {"camera": "alt_camera_1"}, "camera='alt_camera_1', expected one of variant"),
        (OPEN, {"drawer": "upper"}, "drawer='upper', expected one of top, middle, bottom"),
        (OPEN, {"setting": "visual"}, "(did you mean visual-matching?)"),
        (COKE, {"orientation": 3}, "orientation=3, expected a valid string"),
    ],
)
def test_a_value_that_a_task_does_not_have_is_explained(task, options, words) -> None:
    with pytest.raises(OptionError) as caught:
        make_task(task, options)
    assert str(caught.value).startswith(f"{task}: ")
    assert words in str(caught.value)


def test_a_keyword_of_another_task_is_refused_before_anything_is_simulated() -> None:
    """As when a suite that names it is read."""
    env_id = TASKS[STACK].env_id
    with pytest.raises(OptionError, match="widowx_stack_cube has no option 'drawer'"):
        contract_of(env_id, {"drawer": "top"})
    with pytest.raises(OptionError, match="widowx_stack_cube has no option 'drawer'"):
        gymnasium.make(env_id, drawer="top")
    assert contract_of(env_id, {"max_steps": 3, "subtasks": (STACK,), "lighting": "darker"})


def test_the_command_line_shows_the_keywords_of_the_task() -> None:
    shown = CliRunner().invoke(app, ["show", "env", TASKS[OPEN].env_id, "--json"])
    found = json.loads(shown.stdout)
    names = {row["option"] for row in found["options"]}
    assert {"task", "cameras", "drawer", "station", "lighting"} <= names
    assert not names & {"table", "orientation", "options"}
    assert all(row["what it is"] for row in found["options"])
    assert found["reset_options"] == ["episode_id", "obj_init_options", "robot_init_options"]


def read(task: str, given: dict[str, Any]) -> Any:
    return read_reset_options(task, given, understood=make_task(task).reset_options)


def test_reset_options_mean_what_the_official_ones_mean() -> None:
    options = {"init_xy": [-0.2, 0.1], "orientation": "lr_switch"}
    found = read(COKE, {"obj_init_options": options, "robot_init_options": {"init_yaw": 1}})
    assert (found.xy, found.orientation, found.robot_yaw) == ((-0.2, 0.1), "horizontal", 1.0)
    assert read(NEAR, {"obj_init_options": {"episode_id": 17}}) == read(NEAR, {"episode_id": 17})


@pytest.mark.parametrize(
    ("task", "given", "words"),
    [
        (COKE, {"episode": 3}, "Unknown reset option 'episode'. Did you mean"),
        (COKE, {"episode_id": "3"}, "expected a whole number"),
        (COKE, {"episode_id": True}, "expected a whole number"),
        (COKE, {"obj_init_options": {"init_xy": 3}}, "expected two numbers"),
        (COKE, {"obj_init_options": {"init_xy": [0.1, float("nan")]}}, "expected finite numbers"),
        (COKE, {"obj_init_options": 3}, "obj_init_options=3: expected a mapping"),
        (COKE, {"obj_init_options": {"orientation": "stands"}}, "Unknown orientation 'stands'"),
        (COKE, {"robot_init_options": {"init_yaw": "left"}}, "init_yaw='left': expected a number"),
        (COKE, {"robot_init_options": {"yaw": 1}}, "Unknown robot_init_options 'yaw'"),
        (OPEN, {"obj_init_options": {"orientation": "upright"}}, "of google_robot_open_drawer"),
        (STACK, {"obj_init_options": {"init_xy": [0.0, 0.0]}}, "of widowx_stack_cube"),
        (
            COKE,
            {"episode_id": 3, "obj_init_options": {"init_xy": [-0.2, 0.1]}},
            "both say where the object is",
        ),
        (
            COKE,
            {"episode_id": 3, "obj_init_options": {"episode_id": 4}},
            "episode_id=3, but obj_init_options say 4",
        ),
    ],
)
def test_reset_options_that_a_task_does_not_understand_are_explained(task, given, words) -> None:
    with pytest.raises((OptionError, UnknownNameError)) as caught:
        read(task, given)
    assert words in str(caught.value)
