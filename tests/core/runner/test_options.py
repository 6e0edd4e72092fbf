"""How a run is carried out: checked in one place, recorded, and never part of what a run is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from vla_gym.contract.spec import Record
from vla_gym.discovery import PluginInfo
from vla_gym.errors import OptionError, ProtocolMismatchError
from vla_gym.options import RuntimeOption
from vla_gym.plugins import PolicyEntry
from vla_gym.registry import Registered, registry
from vla_gym.runner.journal import Journal
from vla_gym.runner.options import RunOptions, run_options
from vla_gym.runner.recording import JournalRecorder
from vla_gym.testing import MockPolicy, mock_suite


def test_single_fields_go_over_a_set_of_options() -> None:
    options = RunOptions(workers=2, limit=5)
    assert run_options(options, {"limit": 7}) == RunOptions(workers=2, limit=7)
    assert run_options(None, {"workers": "3"}).workers == 3


def test_an_unknown_run_option_has_near_matches() -> None:
    with pytest.raises(OptionError, match=r"The run has no option 'worker'. Did you mean workers"):
        run_options(None, {"worker": 2})


@pytest.mark.parametrize("workers", [0, -1, "many", 1.5, True, None])
def test_a_number_of_workers_that_is_none_is_told(workers: Any) -> None:
    with pytest.raises(OptionError, match=r"workers=.*, expected a number from 1, or auto\."):
        run_options(None, {"workers": workers})


class Settings(Record):
    """Of a policy."""

    scale: float = 1.0
    device: Annotated[str, RuntimeOption()] = "auto"


def made(_: Settings) -> MockPolicy:
    """Return a policy."""
    return MockPolicy()


@pytest.fixture
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``random`` be a policy with a device."""
    entry = PolicyEntry("random", f"{__name__}:made", options=f"{__name__}:Settings")
    found = {"random": Registered(entry, PluginInfo("tests", "tests 1.0"))}
    monkeypatch.setitem(registry()._found, PolicyEntry.kind, found)


@pytest.mark.usefixtures("_named")
def test_a_run_goes_on_on_another_device(run: Any) -> None:
    run("random", policy_options={"scale": 0.5, "device": "cuda"}, limit=1)
    results = run("random", policy_options={"scale": 0.5, "device": "cpu"}, limit=2)
    assert len(results.records) == 2
    assert results.run.identity["policy"]["options"] == {"scale": 0.5}
    assert results.run.provenance["policy_options"] == {"scale": 0.5, "device": "cpu"}
    assert results.run.provenance["earlier"][0]["policy_options"]["device"] == "cuda"
    with pytest.raises(ProtocolMismatchError, match=r"policy\.options\.scale: 0\.5 there, 1\.0"):
        run("random", policy_options={"scale": 1.0, "device": "cpu"})


class Silent:
    """Watches and remembers what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def finished(self, record: Any) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Remember it."""
        self.notes.append(text)


def test_to_ask_what_is_interesting_takes_no_place_among_the_videos(
    run: Any, tmp_path: Path
) -> None:
    suite = mock_suite(4, chain=1, max_steps=4)
    run(suite=suite)
    with Journal(tmp_path / "run") as journal:
        recorder = JournalRecorder(journal, suite.episodes, Silent(), video="all", max_videos=2)
        for record in journal.records.values():
            recorder._interesting(record)
        assert recorder.unfilmed() == [0, 1]
        assert recorder.unfilmed() == []
