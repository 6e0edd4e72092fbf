"""The official counts, and what a protocol says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from vla_gym_simpler.facts.tasks import TASKS

from vla_gym.errors import OptionError, SuiteError
from vla_gym.records import EpisodeRecord, SubTaskRecord
from vla_gym.results.tasks import succeeded
from vla_gym.suites import load_suite


def counts(name: str) -> dict[str, int]:
    suite = load_suite(name, {"assets": "builtin"})
    assert len({(str(e.env_kwargs), str(e.options), e.group) for e in suite.episodes}) == len(suite)
    return dict(Counter(episode.group for episode in suite.episodes))


def test_widowx_has_24_episodes_a_task() -> None:
    assert set(counts("simpler/widowx").values()) == {24}


def test_visual_matching_counts() -> None:
    found = counts("simpler/google-robot")
    drawers = found.pop("open_drawer") + found.pop("close_drawer")
    assert drawers == 216
    assert found == {"pick_coke_can": 300, "move_near": 240, "place_apple_in_drawer": 108}


def test_variant_aggregation_counts() -> None:
    found = counts("simpler/google-robot-variants")
    drawers = found.pop("open_drawer") + found.pop("close_drawer")
    assert drawers == 378
    assert found == {"pick_coke_can": 675, "move_near": 480, "place_apple_in_drawer": 189}


def test_the_protocol_is_resolved_and_depends_on_what_moves_a_score() -> None:
    suite = load_suite("simpler/widowx", {"assets": "builtin"})
    assert suite.protocol.success == "final"
    assert suite.protocol.settings["engine"] == "sapien3"
    assert "auto" not in str(suite.protocol.settings)
    other = load_suite("simpler/widowx", {"assets": "builtin", "success": "any"})
    assert other.protocol.hash != suite.protocol.hash


def test_the_apple_has_two_sub_tasks_with_their_own_instructions() -> None:
    options = {"assets": "builtin", "tasks": "place_apple_in_drawer"}
    suite = load_suite("simpler/google-robot", options)
    first, second = suite.episodes[0].subtasks
    assert (first.instruction, first.max_steps) == ("open top drawer", 100)
    assert (second.instruction, second.max_steps) == ("place apple into top drawer", 100)


def test_the_apple_s_chain_goes_on_and_is_judged_by_its_end() -> None:
    options = {"assets": "builtin", "tasks": "place_apple_in_drawer"}
    suite = load_suite("simpler/google-robot", options)
    assert not suite.protocol.stop_at_failure
    assert load_suite("simpler/widowx", {"assets": "builtin"}).protocol.stop_at_failure
    names = [subtask.name for subtask in suite.episodes[0].subtasks]
    for successes, counts in (((False, True), True), ((False, False), False)):
        attempts = tuple(
            SubTaskRecord(name=name, instruction="", success=success, steps=100)
            for name, success in zip(names, successes, strict=True)
        )
        record = EpisodeRecord(episode=0, seed=0, subtasks=attempts, actions="")
        assert succeeded(record) is counts


def test_rows_that_are_not_there_are_named() -> None:
    with pytest.raises(OptionError, match="expected some of carrot_on_plate"):
        load_suite("simpler/widowx", {"assets": "builtin", "tasks": "carot"})


def test_absent_official_assets_are_named(monkeypatch, tmp_path) -> None:
    from vla_gym_simpler.assets import asset_set

    from vla_gym.errors import AssetError

    monkeypatch.setenv("VLA_GYM_ASSETS", str(tmp_path))
    assert asset_set("auto", "widowx").kind == "builtin"
    with pytest.raises(AssetError, match="assets fetch simpler"):
        asset_set("official", "widowx")


def test_every_so_many_episodes_are_a_sample_of_all_tasks() -> None:
    whole = load_suite("simpler/google-robot", {"assets": "builtin"})
    sample = load_suite("simpler/google-robot", {"assets": "builtin", "every": 29})
    assert sample.episodes == whole.episodes[::29]
    assert {e.group for e in sample.episodes} == {e.group for e in whole.episodes}
    assert sample.protocol.hash == whole.protocol.hash
    with pytest.raises(OptionError, match="every=0, expected a number from 1"):
        load_suite("simpler/google-robot", {"assets": "builtin", "every": 0})


def test_a_shorter_smoke_has_a_protocol_of_its_own() -> None:
    short = load_suite("simpler/smoke", {"assets": "builtin", "max_steps": 3})
    assert [task.max_steps for task in short.episodes[0].subtasks] == [3]
    assert short.protocol.hash != load_suite("simpler/smoke", {"assets": "builtin"}).protocol.hash


SUITE = """\
name: mine
protocol: {success: final}
episodes:
  - env_id: SimplerEnv-Google-PlaceAppleInDrawer-v0
    env_kwargs: {assets: builtin}
    subtasks:
      - {name: google_robot_open_top_drawer, instruction: open top drawer, max_steps: 100}
      - {name: google_robot_place_apple_in_drawer, instruction: place apple, max_steps: 100}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (
            "apple_in_drawer, i",
            "apple_in_drawr, i",
            "no sub-task 'google_robot_place_apple_in_drawr",
        ),
        ("{assets: builtin}", "{assets: builtin, drawer: top}", "has no option 'drawer'"),
        ("{assets: builtin}", "{assets: built-in}", "assets='built-in', expected one of"),
    ],
)
def test_a_suite_file_is_checked_against_the_task_when_it_is_read(
    tmp_path, right, wrong, words
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SUITE)
    assert len(load_suite(str(file))) == 1
    assert right in SUITE
    file.write_text(SUITE.replace(right, wrong))
    with pytest.raises((SuiteError, OptionError)) as caught:
        load_suite(str(file))
    assert words in str(caught.value)
    assert "mine.yaml, line" in str(caught.value)


def test_every_sub_task_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "simpler.md").read_text()
    for facts in TASKS.values():
        for name in facts.subtasks:
            assert f"`{name}`" in text
