"""What only real processes can show: kills, hangs, orphans, and what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from vla_gym.errors import RunnerError
from vla_gym.runner import evaluation, pool
from vla_gym.runner.evaluation import evaluate
from vla_gym.testing import MockPolicy, ThreadWorkers, mock_suite
from vla_gym.testing.chaos import (
    children,
    comparable_lines,
    episodes_in,
    kill_after_episodes,
    kill_workers_while,
    wait_until_gone,
)

QUIET: dict[str, Any] = {"video": "none", "progress": False}

SCRIPT = """
import sys
import vla_gym
from vla_gym.testing import MockPolicy, mock_suite

vla_gym.evaluate(
    MockPolicy(delay=0.005), mock_suite(12), out=sys.argv[1], workers=2, video="none",
    progress=False,
)
"""
"""A user's script; it has no ``if __name__ == "__main__"`` and needs none."""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of the 12 episodes, run without processes."""
    out = tmp_path_factory.mktemp("expected")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "LocalWorkers", ThreadWorkers)
        evaluate(MockPolicy(), mock_suite(12), out=out, workers=1, **QUIET)
    return comparable_lines(out)


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    return [sys.executable, str(script), str(tmp_path / "run")]


@pytest.fixture(autouse=True)
def _import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the scripts find what we find, installed or not."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(entry or "." for entry in sys.path))


def test_a_killed_run_resumes_to_the_same_numbers_and_leaves_nothing_behind(
    command: list[str], tmp_path: Path, expected: list[str]
) -> None:
    out = tmp_path / "run"
    workers = kill_after_episodes(command, out, more=3)
    assert workers
    assert wait_until_gone(workers) == []
    assert 3 <= episodes_in(out) < 12
    # A line cut off in the middle, as a kill at the worst moment leaves it.
    with (out / "episodes.jsonl").open("ab") as file:
        file.write(b'{"episode": 11, "group"')
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert comparable_lines(out) == expected
    assert "resource_tracker" not in done.stderr
    assert "Traceback" not in done.stderr


def test_killed_workers_change_nothing(
    command: list[str], tmp_path: Path, expected: list[str]
) -> None:
    killed = kill_workers_while(command, kills=2, every=1.0)
    assert killed
    assert comparable_lines(tmp_path / "run") == expected


def test_a_busy_worker_does_not_outlive_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    mark = tmp_path / "stuck"
    fault = {"kind": "hang", "step": 2, "once": str(mark)}
    script.write_text(
        "import vla_gym\n"
        "from vla_gym.testing import MockPolicy, mock_suite\n"
        f"vla_gym.evaluate(MockPolicy(), mock_suite(2, faults={{0: {fault!r}}}),"
        f" out={str(tmp_path / 'run')!r}, workers=1, video='none', progress=False)\n"
    )
    process = subprocess.Popen([sys.executable, str(script)])
    until = time.monotonic() + 300
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.05)
    workers = children(process.pid)
    assert workers
    process.kill()
    process.wait()
    assert wait_until_gone(workers) == []


def test_crashes_and_hangs_cost_an_attempt_and_nothing_else(tmp_path: Path) -> None:
    faults = {
        index: {"kind": kind, "step": 4, "once": str(tmp_path / kind)}
        for index, kind in enumerate(["kill", "exit", "hang"])
    }
    suite = mock_suite(4, faults=faults)
    crashed = evaluate(MockPolicy(), suite, out=tmp_path / "run", workers=2, watchdog=4.0, **QUIET)
    assert all(record.timing["attempt"] > 1 for record in crashed.records[:3])
    assert not crashed.errors
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "LocalWorkers", ThreadWorkers)
        evaluate(MockPolicy(), suite, out=tmp_path / "calm", **QUIET)
    assert comparable_lines(tmp_path / "run") == comparable_lines(tmp_path / "calm")


def test_an_episode_that_always_crashes_is_an_error(tmp_path: Path) -> None:
    suite = mock_suite(2, faults={0: {"kind": "exit", "step": 4}})
    results = evaluate(
        MockPolicy(), suite, out=tmp_path / "run", workers=1, max_attempts=2, **QUIET
    )
    assert results.records[0].error == "The worker exited with status 7."
    assert results.records[0].solved == 0
    assert results.records[1].error is None


def test_a_worker_that_cannot_start_is_told_with_what_it_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken" / "gymnasium"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('no gymnasium today')")
    worker_environment = pool.worker_environment

    def broken_environment() -> dict[str, str]:
        found = worker_environment()
        return {**found, "PYTHONPATH": f"{broken.parent}{os.pathsep}{found['PYTHONPATH']}"}

    monkeypatch.setattr(pool, "worker_environment", broken_environment)
    with pytest.raises(RunnerError, match=r"(?s)No worker can be started.*no gymnasium today"):
        evaluate(MockPolicy(), mock_suite(2), out=tmp_path / "run", workers=1, **QUIET)
    assert "no gymnasium today" in (tmp_path / "run" / "workers.log").read_text()


def _heed_ctrl_c() -> None:
    """Undo what a shell does to jobs in the background: they ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(command: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_ctrl_c,
    )
    until = time.monotonic() + 300
    while episodes_in(tmp_path / "run") < 2 and time.monotonic() < until:
        time.sleep(0.02)
    workers = children(process.pid)
    # As a terminal does: to the whole group, workers included.
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert wait_until_gone(workers) == []
    assert "of 12 episodes are finished and safe in" in said
    assert "run the same command again" in said
    assert 2 <= len(comparable_lines(tmp_path / "run")) <= 12
