"""The suites are the official evaluation, and their protocol says how they were resolved."""

from __future__ import annotations

import pytest
from vla_gym_calvin import plugin, published
from vla_gym_calvin.initial import initial_state
from vla_gym_calvin.language import OWN
from vla_gym_calvin.sequences import eval_sequences

from vla_gym.options import options_model
from vla_gym.plugins import ConfigurableEntry, EnvEntry
from vla_gym.registry import load_target
from vla_gym.suites import load_suite

RESOLVED = {"assets": "builtin", "renderer": "tiny", "language": "own"}


@pytest.fixture(scope="module")
def abc_d():
    return load_suite("calvin/ABC-D", RESOLVED)


def test_a_suite_is_the_1000_chains_in_order(abc_d):
    assert len(abc_d) == 1000
    assert abc_d.table == "chain"
    for episode, sequence in zip(abc_d.episodes, eval_sequences(), strict=True):
        assert tuple(subtask.name for subtask in episode.subtasks) == sequence.tasks
    first = initial_state(eval_sequences()[0].initial)
    assert abc_d.episodes[0].options == {
        "robot_obs": first.robot_obs.tolist(),
        "scene_obs": first.scene_obs.tolist(),
    }


def test_subtasks_carry_instruction_and_limit(abc_d):
    subtask = abc_d.episodes[0].subtasks[0]
    assert subtask.instruction == OWN.sentences[subtask.name]
    assert subtask.max_steps == 360


def test_the_rule_is_the_official_one(abc_d):
    assert abc_d.protocol.success == "first"
    assert abc_d.protocol.policy_reset == "subtask"
    assert abc_d.protocol.stop_at_failure


def test_protocol_never_says_auto():
    protocol = load_suite("calvin/smoke").protocol
    assert "auto" not in protocol.settings.values()
    assert protocol.settings["button_reset"] == "pinned"


@pytest.mark.parametrize(
    "option",
    [{"button_reset": "main"}, {"visuals": "exact"}, {"max_steps": 100}, {"scene": "A"}],
)
def test_whatever_moves_a_score_moves_the_hash(option):
    base = load_suite("calvin/smoke", RESOLVED)
    other = load_suite("calvin/smoke", {**RESOLVED, **option})
    assert base.protocol.hash != other.protocol.hash


def test_settings_differ_by_environment_and_published_rows(abc_d):
    abcd_d = load_suite("calvin/ABCD-D", {"chains": 2, **RESOLVED})
    d_d = load_suite("calvin/D-D", {"chains": 2, **RESOLVED})
    ids = {suite.episodes[0].env_id for suite in (abc_d, abcd_d, d_d)}
    assert ids == {"CALVIN-ABC-D-v0", "CALVIN-ABCD-D-v0", "CALVIN-D-D-v0"}
    assert abc_d.published == published.ABC
    assert not d_d.published
    assert abc_d.protocol.hash == abcd_d.protocol.hash  # tested in the same way


def test_smoke_is_short():
    smoke = load_suite("calvin/smoke", RESOLVED)
    assert len(smoke) <= 5
    assert sum(subtask.max_steps for e in smoke.episodes for subtask in e.subtasks) <= 1500


def test_published_rows_are_sums_or_marked():
    rows = (*published.ABCD, *published.ABC, *published.ABLATIONS)
    assert len(rows) == 47
    for row in rows:
        rates = [row.values[str(place)] for place in range(1, 6)]
        consistent = abs(sum(rates) - row.values["avg_len"]) < 0.006
        assert consistent or not row.verified
    doubtful = {row.label for row in (*published.ABCD, *published.ABC) if not row.verified}
    assert doubtful == {"R3M (Frozen)", "HULC", "MCIL"}


def test_plugin_names_things_that_exist():
    entries = plugin.vla_gym_register()
    assert len({(entry.kind, entry.name) for entry in entries}) == len(entries)
    for entry in entries:
        assert load_target(entry.target) is not None
        if isinstance(entry, ConfigurableEntry):
            assert set(entry.defaults) <= set(options_model(entry.options).model_fields)
        if isinstance(entry, EnvEntry):
            assert callable(load_target(entry.contract))
