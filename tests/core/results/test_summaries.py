"""Chains, tasks and what looks wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vla_gym.records import EpisodeRecord
from vla_gym.results.chain import summarise_chain
from vla_gym.results.diagnosis import diagnose
from vla_gym.results.tasks import summarise_tasks
from vla_gym.runner.diagnosis import CODES

Make = Callable[..., EpisodeRecord]


@pytest.fixture
def chains(make_episode: Make) -> list[EpisodeRecord]:
    outcomes = [[True, True, True], [True, False], [False], [True, True, False]]
    return [make_episode(index, outcome) for index, outcome in enumerate(outcomes)]


def test_success_at_k_counts_chains_of_at_least_k(chains: list[EpisodeRecord]) -> None:
    summary = summarise_chain(chains, length=3)
    assert [rate.successes for rate in summary.success] == [3, 2, 1]
    assert {rate.n for rate in summary.success} == {4}
    assert summary.average.value == 1.5
    assert summary.columns == {"1": 0.75, "2": 0.5, "3": 0.25, "avg_len": 1.5}


def test_the_average_length_is_the_sum_of_the_rates(chains: list[EpisodeRecord]) -> None:
    summary = summarise_chain(chains, length=3)
    assert summary.average.value == pytest.approx(sum(rate.value for rate in summary.success))


def test_tasks_count_attempts_and_the_steps_of_successes(chains: list[EpisodeRecord]) -> None:
    rows = {row.name: row for row in summarise_chain(chains, length=3).tasks}
    assert (rows["open"].rate.successes, rows["open"].rate.n, rows["open"].steps) == (3, 4, 10)
    assert (rows["lift"].rate.successes, rows["lift"].rate.n, rows["lift"].steps) == (1, 2, 30)


def test_transitions_come_hardest_first(chains: list[EpisodeRecord]) -> None:
    rows = summarise_chain(chains, length=3).transitions
    pairs = [(row.previous, row.name, row.rate.successes, row.rate.n) for row in rows]
    assert pairs == [("push", "lift", 1, 2), ("open", "push", 2, 3), ("", "open", 3, 4)]


def test_a_run_without_episodes_has_a_summary() -> None:
    assert summarise_chain([], length=3).average.n == 0
    assert summarise_tasks([]).overall.rate.n == 0


def test_groups_count_whole_episodes_and_average_metrics(make_episode: Make) -> None:
    first = make_episode(0, [True], group="a")
    grasped = first.subtasks[0].model_copy(update={"metrics": {"grasped": True}})
    records = [
        first.model_copy(update={"subtasks": (grasped,)}),
        make_episode(1, [True], group="a", error="it broke"),
        make_episode(2, [True, False], group="b"),
    ]
    summary = summarise_tasks(records)
    assert [(g.name, g.rate.successes, g.rate.n) for g in summary.groups] == [
        ("a", 1, 2),
        ("b", 0, 1),
    ]
    assert (summary.overall.rate.successes, summary.overall.rate.n) == (1, 3)
    grasped_rate = summary.groups[0].metrics["grasped"]
    assert (grasped_rate.value, grasped_rate.n, grasped_rate.rate) == (1.0, 1, True)


def test_an_episode_that_never_began_is_a_failure(make_episode: Make) -> None:
    summary = summarise_tasks([make_episode(0, [], error="no simulator")])
    assert (summary.overall.rate.successes, summary.overall.rate.n) == (0, 1)


def test_a_zero_score_is_explained_most_frequent_first(make_episode: Make) -> None:
    records: list[Any] = [
        make_episode(0, [False], diagnosis=("gripper_never_moved", "image_dark")),
        make_episode(1, [False], diagnosis=("gripper_never_moved",)),
        make_episode(2, [], error="NaN"),
    ]
    findings = diagnose(records)
    assert [(f.code, f.episodes, f.n) for f in findings] == [
        ("gripper_never_moved", 2, 3),
        ("error", 1, 3),
        ("image_dark", 1, 3),
    ]


def test_nothing_is_diagnosed_where_something_worked(make_episode: Make) -> None:
    assert diagnose([make_episode(0, [True, False], diagnosis=("image_dark",))]) == ()


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_runner_has_words(make_episode: Make, code: str) -> None:
    (finding,) = diagnose([make_episode(0, [False], diagnosis=(code,))])
    assert "check" in finding.message


def test_metrics_stand_in_the_table_of_a_chain_with_intervals(make_episode: Make) -> None:
    records = []
    for index in range(4):
        record = make_episode(index, [True])
        metrics = {"grasped": index > 0, "distance": float(index)}
        subtask = record.subtasks[0].model_copy(update={"metrics": metrics})
        records.append(record.model_copy(update={"subtasks": (subtask,)}))
    table = summarise_chain(records, length=3).tables()[0]
    assert table.columns[5:] == ("distance", "grasped (%)")
    (row,) = table.sections[0]
    assert row[5].startswith("1.50 [")
    assert row[5].endswith("], n=4")
    assert row[6] == "75.0 [30.1, 95.4], n=4"


def test_numbers_that_are_all_equal_have_no_known_interval(make_episode: Make) -> None:
    record = make_episode(0, [True])
    subtask = record.subtasks[0].model_copy(update={"metrics": {"distance": 2.0}})
    (row,) = summarise_chain([record.model_copy(update={"subtasks": (subtask,)})], length=1).tasks
    assert row.metrics["distance"].cell == "2.00 [?]"
