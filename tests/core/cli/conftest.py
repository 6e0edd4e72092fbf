"""The command line with a world, a policy and a suite that only these tests have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vla_gym.assets import AssetManifest, scan
from vla_gym.cli import main
from vla_gym.plugins import AssetEntry, CheckEntry, Entry, PluginInfo, PolicyEntry, SuiteEntry
from vla_gym.registry import Registered, registry
from vla_gym.runner import evaluation
from vla_gym.testing import ThreadWorkers

HERE = __name__
Invoke = Callable[..., tuple[int, str, str]]


def box_manifest() -> AssetManifest:
    """Return a collection of one file, this one."""
    here = Path(__file__)
    return AssetManifest(name="boxes", files=scan(here.parent.parent, [f"cli/{here.name}"]))


ENTRIES: dict[str, Entry] = {
    "policies": PolicyEntry(name="mock", target="vla_gym.testing:MockPolicy", summary="a mock"),
    "suites": SuiteEntry(name="mock/chain", target="vla_gym.testing:mock_suite", summary="chains"),
    "assets": AssetEntry(name="boxes", target=f"{HERE}:box_manifest", summary="a box"),
    "checks": CheckEntry(name="boxes", target="nowhere:check"),
    "backbones": Entry(name="brain", target="x:y", requires=("no_such_module",), install="pip i x"),
}


@pytest.fixture(autouse=True)
def _plugin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Register the entries and run workers as threads."""
    plugin = PluginInfo("mocks", "vla-gym-mocks 1.2.3")
    kinds = registry()._kinds
    for kind, entry in ENTRIES.items():
        monkeypatch.setitem(kinds, kind, {entry.name: Registered(entry, plugin)})
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
