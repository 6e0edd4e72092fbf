"""The command line with a world, a policy and a suite that only these tests have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from vla_gym.assets import AssetManifest, scan
from vla_gym.cli import main
from vla_gym.discovery import PluginInfo
from vla_gym.plugins import AssetEntry, CheckEntry, Entry, PolicyEntry, SuiteEntry
from vla_gym.registry import Registered, registry
from vla_gym.runner import evaluation
from vla_gym.schema import Record
from vla_gym.suites import Suite
from vla_gym.testing import MockPolicy, PolicyFault, ThreadWorkers, mock_suite
from vla_gym.testing.policy import Fault

HERE = __name__
Invoke = Callable[..., tuple[int, str, str]]


def box_manifest() -> AssetManifest:
    """Return a collection of one file, this one."""
    here = Path(__file__)
    return AssetManifest(name="boxes", files=scan(here.parent.parent, [f"cli/{here.name}"]))


@dataclass(frozen=True)
class BrainEntry(Entry):
    """A kind of a plugin's own."""

    kind: ClassVar[str] = "backbones"
    word: ClassVar[str] = "backbone"


class MockOptions(Record):
    """Options of the mock policy; see ``MockPolicy``."""

    competence: float = 0.7
    chunk: int = 1
    execution: str = "first"
    fault: Fault = ""
    fault_episode: int = 0


class ChainOptions(Record):
    """Options of the mock suite; see ``mock_suite``.

    Attributes:
        chain: Sub-tasks of each episode.
    """

    episodes: int = 6
    chain: int = 3
    max_steps: int = 20


def make_mock(options: MockOptions) -> MockPolicy:
    """Return a mock policy."""
    fault = PolicyFault(options.fault, options.fault_episode)
    return MockPolicy(**options.model_dump(exclude={"fault", "fault_episode"}), fault=fault)


def make_suite(options: ChainOptions) -> Suite:
    """Return a mock suite."""
    return mock_suite(**options.model_dump())


ENTRIES: tuple[Entry, ...] = (
    PolicyEntry("mock", f"{HERE}:make_mock", "a mock", options=f"{HERE}:MockOptions"),
    SuiteEntry("mock/chain", f"{HERE}:make_suite", "chains", options=f"{HERE}:ChainOptions"),
    AssetEntry(name="boxes", target=f"{HERE}:box_manifest", summary="a box"),
    CheckEntry(name="boxes", target="nowhere:check"),
    BrainEntry(name="brain", target="x:y", requires=("no_such_module",), install="pip i x"),
)


@pytest.fixture(autouse=True)
def _plugin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Register the entries and run workers as threads."""
    plugin = PluginInfo("mocks", "vla-gym-mocks 1.2.3")
    kinds = registry()._found
    for entry in ENTRIES:
        monkeypatch.setitem(kinds, entry.kind, {entry.name: Registered(entry, plugin)})
    monkeypatch.setitem(kinds, "datasets", {})
    monkeypatch.setitem(registry().__dict__, "plugins", [plugin, PluginInfo("bad", "b 1", "Oops")])
    monkeypatch.setattr(evaluation, "LocalWorkers", ThreadWorkers)
    monkeypatch.setenv("VLA_GYM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VLA_GYM_ASSETS", str(tmp_path / "assets"))
    monkeypatch.delenv("VLA_GYM_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def vla_gym(capfd: pytest.CaptureFixture[str]) -> Invoke:
    """Run a command line; return exit status, standard output and standard error."""

    def invoke(*arguments: Any) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return invoke


@pytest.fixture
def runner() -> CliRunner:
    """Return typer's own runner."""
    return CliRunner()
