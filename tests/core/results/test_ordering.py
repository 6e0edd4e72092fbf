"""What runs say to a published order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vla_gym.records import EpisodeRecord
from vla_gym.results import Results, load_results
from vla_gym.results.ordering import Claim, ordering

Write = Callable[..., Path]


def run(write: Write, name: str, solved: int, *, n: int = 60) -> Results:
    """Return a run of chains of which each solves so many sub-tasks."""
    outcomes = [True] * solved + [False] * (solved < 3)
    subtasks = tuple(
        {"name": f"t{i}", "instruction": "do", "success": ok, "steps": 1}
        for i, ok in enumerate(outcomes)
    )
    records = [EpisodeRecord.model_validate({"episode": i, "subtasks": subtasks}) for i in range(n)]
    return load_results(write(records, name=name, episodes=n))


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [((3, 1), "seen"), ((1, 3), "the other way round"), ((2, 2), "not decided (2 and 2, ")],
)
def test_each_neighbouring_pair_has_a_verdict(
    write: Write, ours: tuple[int, int], verdict: str
) -> None:
    good, bad = (run(write, f"run{i}", solved) for i, solved in enumerate(ours))
    (line,) = ordering([Claim("bad", bad, 1.5), Claim("good", good, 4.0)])
    assert line.startswith(f"good > bad (published 4 > 1.5): {verdict}")


def test_equal_numbers_and_single_runs_claim_nothing(write: Write) -> None:
    one = Claim("one", run(write, "one", 3), 2.0)
    assert ordering([one]) == []
    assert ordering([one, Claim("two", run(write, "two", 1), 2.0)]) == []
