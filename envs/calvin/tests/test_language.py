"""What the policy is told: official sentences where they are, ours otherwise, never silently."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from vla_gym_calvin.facts import TASKS
from vla_gym_calvin.language import OFFICIAL_FILE, OWN, instruction, instruction_set

from vla_gym.assets import ASSETS_VARIABLE
from vla_gym.errors import AssetError, OptionError, UnknownNameError

OFFICIAL = Path(__file__).parents[4] / "shared" / "assets"


@pytest.fixture
def no_assets(tmp_path, monkeypatch):
    monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def fake_official(no_assets):
    path = no_assets / OFFICIAL_FILE
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump({task: [f"please {task}", "never used"] for task in TASKS}))
    return path


def test_own_sentences_are_34_different_ones():
    assert tuple(OWN.sentences) == TASKS
    assert len(set(OWN.sentences.values())) == len(TASKS)
    assert not any("{" in sentence for sentence in OWN.sentences.values())


def test_auto_falls_back_to_our_own_without_the_official_file(no_assets):
    assert instruction_set("auto") == OWN
    assert instruction("open_drawer") == OWN.sentences["open_drawer"]


def test_auto_takes_the_first_official_sentence(fake_official):
    chosen = instruction_set("auto")
    assert chosen.name != OWN.name
    assert chosen.sentences["open_drawer"] == "please open_drawer"
    assert instruction("open_drawer", "own") == OWN.sentences["open_drawer"]


def test_official_without_its_file_says_what_to_do(no_assets):
    with pytest.raises(AssetError, match="vla-gym assets fetch calvin"):
        instruction_set("official")


@pytest.mark.parametrize("content", ["open_drawer: [x]", "just text", "a: [", ""])
def test_a_broken_official_file_is_named(fake_official, content):
    fake_official.write_text(content)
    with pytest.raises(AssetError, match=fake_official.name):
        instruction_set("auto")


def test_unknown_task_and_mode_are_errors():
    with pytest.raises(UnknownNameError, match="open_drawer"):
        instruction("open_drawers")
    with pytest.raises(OptionError, match="auto, official, own"):
        instruction_set("englisch")


@pytest.mark.skipif(
    not (OFFICIAL / OFFICIAL_FILE).is_file(), reason=f"no official sentences in {OFFICIAL}"
)
def test_the_real_official_sentences_are_read(monkeypatch):
    monkeypatch.setenv(ASSETS_VARIABLE, str(OFFICIAL))
    chosen = instruction_set("official")
    assert tuple(chosen.sentences) == TASKS
    assert chosen.sentences["stack_block"] == "stack the grasped block"
