"""Task files: the 20 tasks, the settings, and errors that name line and allowed values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from vla_gym_bdr.initial import CLUTTER, SETTINGS, SYNONYMS, UNSEEN, check_setting, initial_state
from vla_gym_bdr.names import SETTINGS as SUMMARIES
from vla_gym_bdr.names import TASKS
from vla_gym_bdr.objects import OBJECTS
from vla_gym_bdr.objects.fixtures import FIXTURES
from vla_gym_bdr.tasks.model import problems
from vla_gym_bdr.tasks.reading import built_in

from vla_gym.errors import OptionError, SuiteError, UnknownNameError
from vla_gym.suites import load_suite

GOOD = """\
format: bdr
name: mine
rollouts: 2
tasks:
  - name: TakeLemon
    instruction: pick up the lemon
    scene:
      white_box: {x: 0.48, y: -0.15}
      lemon: {x: [0.42, 0.55], y: [0.0, 0.2]}
    goal: {picked: lemon}
    steps: 200
  - PickUpKnife
"""


def test_the_twenty_tasks_are_sound_and_named() -> None:
    assert tuple(built_in()) == TASKS
    assert len(TASKS) == 20
    assert tuple(SUMMARIES) == SETTINGS
    for task in built_in().values():
        assert not list(problems(task)), task.name


def test_more_than_forty_objects_stand_on_their_underside() -> None:
    assert len(OBJECTS) > 40
    for model in OBJECTS.values():
        low, high = model.bounds
        assert abs(low[2]) < 1e-6, model.name
        assert (high - low > 0.005).all(), model.name
        if model.grip is not None:
            assert model.grip.width <= 0.075, model.name
            assert model.height - model.grip.at[2] < 0.052, f"{model.name} meets the palm"
            assert model.grip.at[2] >= 0.0165, f"taking {model.name}, the pads meet the table"


def test_inventories_name_objects_and_do_not_overlap() -> None:
    assert set(CLUTTER) | set(UNSEEN) <= set(OBJECTS)
    assert not set(CLUTTER) & set(UNSEEN)
    asked = {name for task in built_in().values() for name in task.scene}
    assert not asked & set(UNSEEN)
    assert all(task.unseen.object in UNSEEN for task in built_in().values() if task.unseen)
    assert all(len(words) == 3 for words in SYNONYMS.values())


def test_the_papers_counts() -> None:
    counts = {name: len(load_suite(f"bdr/{name}")) for name in SETTINGS}
    assert counts.pop("unseen-object") == 15
    assert set(counts.values()) == {20}
    assert len(load_suite("bdr/all")) == 95
    assert len(load_suite("bdr/simple", {"n_rollouts": 3})) == 60


@pytest.mark.parametrize("name", TASKS)
def test_settings_change_what_they_say_and_nothing_else(name: str) -> None:
    task = built_in()[name]
    plain = initial_state(task, "simple", 7)
    poses = {placed.name: placed.pose.array() for placed in plain.placed}
    cloth = initial_state(task, "unseen-background", 7)
    assert cloth.cloth
    assert [p.name for p in cloth.placed] == list(poses)
    crowded = {p.name: p.pose.array() for p in initial_state(task, "unseen-distractor", 7).placed}
    assert set(crowded) > set(poses)
    assert set(crowded) - set(poses) <= set(UNSEEN)
    assert all(np.array_equal(crowded[thing], pose) for thing, pose in poses.items())
    told = initial_state(task, "novel-skill", 7)
    assert told.instruction != plain.instruction
    assert told.instruction.split()[-1] == plain.instruction.split()[-1]
    if task.unseen is not None:
        other = initial_state(task, "unseen-object", 7)
        assert other.goal.subject == task.unseen.object
        assert other.goal.subject in [p.name for p in other.placed]


def test_a_layout_is_a_function_of_its_seed() -> None:
    task = built_in()["PickUpPotato"]
    one, again, other = (initial_state(task, "unseen-distractor", seed) for seed in (1, 1, 2))
    assert str(one) == str(again)
    assert str(one) != str(other)


def test_a_task_without_unseen_object_says_so() -> None:
    with pytest.raises(OptionError, match="OpenOven has no unseen object"):
        check_setting("unseen-object", built_in()["OpenOven"])
    with pytest.raises(UnknownNameError, match="Did you mean simple"):
        check_setting("simpel", built_in()["OpenOven"])


def write(folder: Path, text: str) -> str:
    file = folder / "mine.yaml"
    file.write_text(text)
    return str(file)


def test_a_users_file_is_a_suite(tmp_path: Path) -> None:
    suite = load_suite(write(tmp_path, GOOD))
    assert [episode.env_id for episode in suite.episodes] == [
        *["BDRBench-v0"] * 2,
        *["BDRBench-PickUpKnife-v0"] * 2,
    ]
    assert suite.episodes[0].subtasks[0].max_steps == 200
    assert len(load_suite(write(tmp_path, GOOD), {"n_rollouts": 1})) == 2


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("lemon: {x", "lemmon: {x", 9, "unknown object 'lemmon'. Did you mean lemon"),
        ("picked: lemon", "grabbed: lemon", 10, "Known: picked, placed, opened"),
        ("picked: lemon", "picked: white_box", 10, "'white_box' cannot be taken by the gripper"),
        ("picked: lemon", "picked: lime", 10, "'lime' is not in the scene"),
        ("picked: lemon", "opened: lemon", 10, "'lemon' cannot be opened. Known: drawer, oven"),
        (
            "picked: lemon",
            "placed: {object: lemon, upon: plate}",
            10,
            "'plate' is not in the scene",
        ),
        ("[0.42, 0.55]", "[0.55, 0.42]", 9, "expected [lowest, highest]"),
        ("[0.42, 0.55]", "[a, 0.42]", 9, "valid number"),
        ("[0.42, 0.55]", "[.nan, 0.42]", 9, "expected [lowest, highest]"),
        ("[0.42, 0.55]", "[0.42, .inf]", 9, "expected [lowest, highest]"),
        ("x: [0.42, 0.55], y: [0.0, 0.2]", "x: 0.48, y: -0.15", 7, "overlapping layout"),
        ("[0.42, 0.55]", "[0.42, 1.55]", 9, "out of the arm's reach; allowed: 0.18 to 0.72"),
        ("steps: 200", "step: 200", 11, "unknown field. Did you mean steps?"),
        ("steps: 200", "steps: 0", 11, "greater than 0"),
        ("- PickUpKnife", "- PickUpKnive", 12, "Did you mean PickUpKnife"),
        ("rollouts: 2", "rollouts: two", 3, "expected a whole number"),
        ("rollouts: 2", "rollouts: 2147483648", 3, "expected a whole number from 1 to 1000"),
        ("rollouts: 2", "rollouts: true", 3, "expected a whole number"),
        ("rollouts: 2", "settings: simple", 3, "expected a list of simple"),
        ("rollouts: 2", "settings: [simple, dark]", 3, "Known: simple, unseen-distractor"),
        ("format: bdr", "format: bdrr", 1, "unknown format 'bdrr'. Did you mean bdr"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    with pytest.raises(SuiteError) as caught:
        load_suite(write(tmp_path, GOOD.replace(old, new, 1)))
    assert words in str(caught.value)
    assert f"mine.yaml, line {line}:" in str(caught.value)


def test_furniture_that_begins_at_its_goal_is_refused(tmp_path: Path) -> None:
    scene = "white_box: {x: 0.48, y: -0.15}\n      lemon: {x: [0.42, 0.55], y: [0.0, 0.2]}"
    text = GOOD.replace(scene, "drawer: {x: 0.7, y: 0, open: 1}")
    with pytest.raises(SuiteError, match=r"line 9: 'drawer' begins open \(1\)|cannot be satisfied"):
        load_suite(write(tmp_path, text.replace("picked: lemon", "opened: drawer")))
    assert set(FIXTURES) == {"drawer", "oven", "toaster"}
