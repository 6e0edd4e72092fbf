"""A metric, a form of table and a format of reports come from a plugin: one file, one entry."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vla_gym.cli.app import app
from vla_gym.discovery import PluginInfo
from vla_gym.errors import UnknownNameError
from vla_gym.plugins import ReportFormatEntry, SummaryEntry
from vla_gym.records import EpisodeRecord, RunRecord
from vla_gym.registry import registry
from vla_gym.results import Estimate, Results, Summary, load_results, score_cell, summary_json
from vla_gym.results.statistics import Mean, bounded_mean

Write = Callable[..., Path]


@dataclass(frozen=True)
class Steps(Summary):
    """Mean number of steps of an episode."""

    steps: Mean

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """Only the score."""
        return (self.score,)

    @property
    def score(self) -> Estimate:
        """The mean."""
        return Estimate.of("steps", self.steps)


def steps_summary(records: Sequence[EpisodeRecord], run: RunRecord) -> Steps:
    counts = [sum(s.steps for s in record.subtasks) for record in records]
    return Steps(bounded_mean(counts, maximum=60 * run.chain_length))


def as_line(results: Results) -> bytes:
    return f"{results.policy}: {results.summary.score.value:g}\n".encode()


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register a summary and a format as an installed plugin would."""
    module = types.ModuleType("third_party_forms")
    module.steps_summary = steps_summary  # type: ignore[attr-defined]
    module.as_line = as_line  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "third_party_forms", module)
    registry.cache_clear()
    info = PluginInfo("third-party", "third-party 1.0")
    registry().add(SummaryEntry("steps", "third_party_forms:steps_summary"), info)
    registry().add(ReportFormatEntry("line", "third_party_forms:as_line"), info)
    yield
    registry.cache_clear()


def show(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["results", "show", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_third_party_summary_is_shown_with_its_interval(write: Write) -> None:
    folder = write(table="steps")
    assert "steps" in show(str(folder))
    assert "40.00 [" in show(str(folder), "--format", "markdown")


def test_a_third_party_summary_is_in_the_json_and_in_the_cell_of_a_matrix(write: Write) -> None:
    results = load_results(write(table="steps"))
    assert score_cell(results).startswith("steps 40.00 [")
    found = json.loads(json.dumps(summary_json(results)))
    assert found["summary"]["steps"]["n"] == 4
    assert found["score"]["value"] == 40


def test_a_verdict_on_a_published_number_follows_the_score_of_the_summary(write: Write) -> None:
    folder = write(table="steps")
    row = {
        "label": "them",
        "values": {"steps": 1.0},
        "source": "a paper",
        "protocol": load_results(folder).protocol_hash,
    }
    assert "ours is higher in steps" in show(str(write(table="steps", name="b", published=(row,))))


def test_a_third_party_format_is_printed_and_written(write: Write, tmp_path: Path) -> None:
    folder = str(write(table="steps"))
    assert show(folder, "--format", "line") == "guess: 40\n"
    show(folder, "--format", "line", "--out", str(tmp_path / "line.txt"))
    assert (tmp_path / "line.txt").read_text() == "guess: 40\n"


def test_the_name_of_a_summary_that_nobody_brings_has_near_matches(write: Write) -> None:
    with pytest.raises(UnknownNameError, match="steps"):
        _ = load_results(write(table="step")).summary
