"""Another success rule, from the journal alone: exact or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.records import EpisodeRecord, SubTaskRecord
from vla_gym.results import Results, differences, load_results, score
from vla_gym.suites import Protocol

Write = Callable[..., Path]
Rule = Literal["first", "final", "any"]
Attempt = tuple[bool, int, int | None, bool]
"""Success, steps, first success, final success."""

NEVER: Attempt = (False, 50, None, False)


def record(*attempts: Attempt, **fields: Any) -> EpisodeRecord:
    subtasks = tuple(
        SubTaskRecord(
            name="abc"[place],
            instruction="",
            success=ok,
            steps=steps,
            first_success=first,
            final_success=final,
            metrics={"distance": 1.0},
        )
        for place, (ok, steps, first, final) in enumerate(attempts)
    )
    return EpisodeRecord(episode=0, subtasks=subtasks, actions="00", **fields)


@pytest.fixture
def run(write: Write) -> Callable[..., Results]:
    def make(
        rule: Rule, records: Sequence[EpisodeRecord], *, length: int = 3, stops: bool = True
    ) -> Results:
        protocol = Protocol(success=rule, stop_at_failure=stops).model_dump(mode="json")
        return load_results(write(records, protocol=protocol, chain_length=length, episodes=1))

    return make


Run = Callable[..., Results]


def outcomes(results: Results) -> list[bool]:
    return [subtask.success for subtask in results.records[0].subtasks]


def test_any_to_final_shortens_a_chain_to_where_it_would_have_ended(run: Run) -> None:
    lost: Attempt = (True, 50, 20, False)
    found = score(run("any", [record(lost, NEVER, error="broke")]), "final")
    assert outcomes(found) == [False]
    assert found.records[0].error is None
    assert found.records[0].actions == ""


def test_a_chain_that_never_stops_keeps_all_its_subtasks(run: Run) -> None:
    lost: Attempt = (True, 50, 20, False)
    kept: Attempt = (True, 50, 20, True)
    found = score(run("any", [record(lost, kept)], stops=False), "final")
    assert outcomes(found) == [False, True]


def test_final_to_any_is_refused_where_the_chain_would_have_gone_on(run: Run) -> None:
    results = run("final", [record((False, 50, 20, False))])
    with pytest.raises(OptionError, match=r"1 of 1 episodes:\n  episode 0: the chain would go on"):
        score(results, "any")


def test_final_to_any_is_exact_at_the_end_of_a_chain(run: Run) -> None:
    kept: Attempt = (True, 50, 20, True)
    found = score(run("final", [record(kept, (False, 50, 20, False))], length=2), "any")
    assert outcomes(found) == [True, True]


@pytest.mark.parametrize("before", ["any", "final"])
def test_first_ends_a_subtask_at_its_first_success(run: Run, before: Rule) -> None:
    found = score(run(before, [record((before == "any", 50, 20, False))], length=1), "first")
    (subtask,) = found.records[0].subtasks
    assert (subtask.success, subtask.steps, subtask.metrics) == (True, 20, {})


def test_what_follows_a_subtask_that_went_on_is_not_known_to_first(run: Run) -> None:
    with pytest.raises(OptionError, match="begins elsewhere"):
        score(run("any", [record((True, 50, 20, True), NEVER)]), "first")


def test_where_the_environment_moved_on_by_itself_first_is_exact(run: Run) -> None:
    found = score(run("any", [record((True, 20, 20, True), NEVER)]), "first")
    assert outcomes(found) == [True, False]


def test_first_to_any_is_exact_for_one_subtask_and_refused_after_a_success(
    run: Run,
) -> None:
    won: Attempt = (True, 20, 20, True)
    assert outcomes(score(run("first", [record(won)], length=1), "any")) == [True]


def test_first_to_any_is_refused_where_a_subtask_follows_a_success(run: Run) -> None:
    with pytest.raises(OptionError, match="begins elsewhere"):
        score(run("first", [record((True, 20, 20, True), NEVER)]), "any")


def test_first_to_final_is_exact_for_failures_only(run: Run) -> None:
    assert outcomes(score(run("first", [record(NEVER)]), "final")) == [False]


def test_whether_a_first_success_would_have_lasted_is_not_known(run: Run) -> None:
    with pytest.raises(OptionError, match="would have lasted"):
        score(run("first", [record((True, 20, 20, True))], length=1), "final")


def test_an_error_after_the_first_success_is_not_decided(run: Run) -> None:
    with pytest.raises(OptionError, match="the error came after"):
        score(run("any", [record((False, 30, 20, True), error="broke")]), "first")


def test_an_error_stays_a_failure(run: Run) -> None:
    found = score(run("any", [record((False, 30, 20, True), error="broke")]), "final")
    assert outcomes(found) == [False]
    assert found.records[0].error == "broke"


def test_rescored_results_rank_with_nobody_silently(run: Run) -> None:
    results = run("any", [record(NEVER)])
    found = score(results, "final")
    assert found.path is None
    assert found.protocol_hash != Protocol(success="final").hash
    (line,) = differences([results, found])
    assert "rescored_from: absent / any" in line


def test_the_own_rule_changes_nothing_and_an_unknown_one_is_named(run: Run) -> None:
    results = run("any", [record(NEVER)])
    assert score(results, "any") is results
    with pytest.raises(UnknownNameError, match="final"):
        score(results, "finale")  # type: ignore[arg-type]
