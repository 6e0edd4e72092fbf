"""Checks cannot harm the program that asks them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vla_gym.doctor import CheckResult, core, run
from vla_gym.doctor.run import run_check, run_checks

PROBES = """
import os, time
from vla_gym.doctor import CheckResult
def noisy():
    print("driver speaks")
    return CheckResult(name="noisy", status="warn", detail="slow", fix="apt-get install fast")
def aborts(): os.abort()
def hangs(): time.sleep(600)
def raises(): raise RuntimeError("no screen")
def wrong(): return "fine"
"""


@pytest.fixture
def probes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a module that child processes can import."""
    (tmp_path / "odd_probes.py").write_text(PROBES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "odd_probes"


def test_a_check_answers_whatever_else_is_printed(probes: str) -> None:
    found = run_check("noisy", f"{probes}:noisy")
    assert found == CheckResult(
        name="noisy", status="warn", detail="slow", fix="apt-get install fast"
    )


@pytest.mark.parametrize(
    ("function", "detail"),
    [
        ("aborts", "its process was ended by signal 6"),
        ("raises", "RuntimeError: no screen"),
        ("wrong", "expected a CheckResult"),
        ("absent", "has no attribute 'absent'"),
    ],
)
def test_a_check_that_breaks_is_a_failed_check(probes: str, function: str, detail: str) -> None:
    found = run_check("odd", f"{probes}:{function}")
    assert found.status == "fail"
    assert detail in found.detail
    assert f"-m vla_gym.doctor {probes}:{function}" in found.fix


def test_a_check_that_hangs_is_ended(probes: str) -> None:
    found = run_check("odd", f"{probes}:hangs", time_limit=3)
    assert (found.status, found.detail) == ("fail", "no answer in 3 s")


def test_all_checks_are_run_the_core_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(name: str, target: str, *, time_limit: float) -> CheckResult:
        return CheckResult(name=name, status="ok", detail=target)

    def broken() -> CheckResult:
        raise OSError("gone")

    monkeypatch.setattr(run, "run_check", answer)
    monkeypatch.setattr(run, "CORE_CHECKS", {"python": core.check_python, "disk": broken})
    monkeypatch.setattr(run, "_plugin_targets", lambda: {"boxes": "boxes:check"})
    found = [(result.name, result.status) for result in run_checks()]
    assert found == [("python", "ok"), ("disk", "fail"), ("boxes", "ok")]


@pytest.mark.parametrize(
    "check",
    [core.check_python, core.check_processors, core.check_videos, core.check_plugins],
)
def test_what_the_tests_need_is_here(check: object) -> None:
    assert check().status == "ok"  # type: ignore[operator]


def test_little_space_is_reported_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = (100, 100, 2**20)
    monkeypatch.setattr(core.shutil, "disk_usage", lambda _: type("U", (), {"free": usage[2]}))
    assert core.check_disk().status == "warn"
    assert "--out" in core.check_disk().fix
    if Path("/dev/shm").is_dir():
        assert core.check_shared_memory().status == "fail"
        assert "--shm-size" in core.check_shared_memory().fix


def test_torch_is_optional_and_asked_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.importlib.util, "find_spec", lambda _: None)
    assert core.check_torch().status == "ok"
    monkeypatch.setattr(core.importlib.util, "find_spec", lambda _: object())
    broken = subprocess.CompletedProcess([], 1, "", "Traceback\nRuntimeError: driver too old\n")
    monkeypatch.setattr(core.subprocess, "run", lambda *_, **__: broken)
    assert core.check_torch().status == "warn"
    assert core.check_torch().detail == "RuntimeError: driver too old"
