"""Whoever hangs is noticed: a policy, a worker that starts, one that takes no message."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from vla_gym import parent_death
from vla_gym.runner import pool
from vla_gym.runner.evaluation import evaluate
from vla_gym.runner.messages import Died, Start
from vla_gym.runner.policy_watch import PolicyWatch
from vla_gym.suites.spec import Protocol, Suite
from vla_gym.testing import MockPolicy, mock_suite
from vla_gym.testing.chaos import children, episodes_in, wait_until_gone

QUIET: dict[str, Any] = {"video": "none", "progress": False}


@pytest.fixture(autouse=True)
def _import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))  # strange_env
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(entry or "." for entry in sys.path))


def strange(episodes: int, **kwargs: str) -> Suite:
    """Return the mock suite in an environment that is strange."""
    suite = mock_suite(episodes)
    change = {"env_id": "strange_env:Strange-v0", "env_kwargs": kwargs}
    changed = tuple(episode.model_copy(update=change) for episode in suite.episodes)
    return suite.model_copy(update={"episodes": changed})


def test_a_worker_that_hangs_while_it_builds_is_replaced_after_start_timeout(
    tmp_path: Path,
) -> None:
    began = time.monotonic()
    results = evaluate(
        MockPolicy(),
        strange(2, hang=str(tmp_path / "hung")),
        tmp_path / "run",
        workers=1,
        start_timeout=15,
        **QUIET,
    )
    assert not results.errors
    assert (tmp_path / "hung").exists()
    assert time.monotonic() - began < 200


def test_what_a_worker_has_started_ends_with_it(tmp_path: Path) -> None:
    suite = strange(1, child=str(tmp_path / "child"))
    evaluate(MockPolicy(), suite, tmp_path / "run", workers=1, **QUIET)
    assert wait_until_gone([int((tmp_path / "child").read_text())]) == []


HALFWAY = """
import os, struct, sys, time
os.write(int(sys.argv[1]), struct.pack("!i", 1000) + b"x")
time.sleep(3600)
"""


@pytest.mark.timeout(120)
def test_a_worker_that_stops_in_the_middle_of_a_message_blocks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "halfway.py").write_text(HALFWAY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(pool, "_WORKER", "halfway")
    workers = pool.LocalWorkers(
        1, Start((MockPolicy().spec,), Protocol(success="first")), patience=1.0
    )
    workers.start(0)
    pid = workers.pid(0)
    while not (messages := workers.poll(1.0)):
        pass
    ((number, message),) = messages
    assert number == 0
    assert isinstance(message, Died)
    assert message.reason == "stopped in the middle of a message for 1 s and was killed"
    assert wait_until_gone([pid]) == []
    workers.close(patient=False)


KILLED = """
import os, signal, sys
from pathlib import Path
from test_hangs import strange

import vla_gym
from vla_gym.testing import MockPolicy

class Killing(MockPolicy):
    def act(self, batch):
        os.kill(os.getpid(), signal.SIGKILL)

suite = strange(1, child=sys.argv[1])
vla_gym.evaluate(Killing(), suite, sys.argv[2], workers=1, video="none", progress=False)
"""


def test_what_a_worker_has_started_ends_also_when_the_run_is_killed(tmp_path: Path) -> None:
    child, out = tmp_path / "child", tmp_path / "run"
    command = [sys.executable, "-c", KILLED, str(child), str(out)]
    done = subprocess.run(command, timeout=300, check=False)
    assert done.returncode == -signal.SIGKILL
    assert wait_until_gone([int(child.read_text())]) == []


def test_what_a_worker_has_started_ends_also_when_it_ends_by_itself(tmp_path: Path) -> None:
    child = tmp_path / "child"
    program = f"""
import subprocess
from pathlib import Path
process = subprocess.Popen(["sleep", "3600"])
Path({str(child)!r}).write_text(str(process.pid))
"""
    (tmp_path / "ending.py").write_text(program)
    command = [sys.executable, parent_death.__file__, str(os.getpid()), "ending"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run(command, check=True, start_new_session=True, env=environment, timeout=300)
    assert wait_until_gone([int(child.read_text())]) == []


class Stopping(MockPolicy):
    """Stops the worker that waits for it, once, and sends it more than a pipe holds."""

    def __init__(self) -> None:
        super().__init__(chunk=30_000)
        self.stopped: list[int] = []

    def act(self, batch: Any) -> Any:
        if not self.stopped:
            self.stopped = children(os.getpid())
            for worker in self.stopped:
                os.kill(worker, signal.SIGSTOP)
        return super().act(batch)


def test_a_stopped_worker_with_a_full_pipe_blocks_nobody(tmp_path: Path) -> None:
    policy = Stopping()
    results = evaluate(policy, mock_suite(1), tmp_path / "run", workers=1, watchdog=4, **QUIET)
    assert policy.stopped
    assert not results.errors
    assert results.records[0].timing["attempt"] == 2


SCRIPT = """
import ctypes, sys, time
import vla_gym
from vla_gym.runner import policy_watch
from vla_gym.testing import MockPolicy, mock_suite

policy_watch.GRACE_SECONDS = 1.0

class Hanging(MockPolicy):
    def act(self, batch):
        if batch.slots[0].episode == 1:
            {hang}
        return super().act(batch)

vla_gym.evaluate(Hanging(), mock_suite(3), out=sys.argv[1], workers=1, video="none",
                 progress=False, policy_timeout=3.0)
"""


@pytest.mark.parametrize(
    ("hang", "says"),
    [
        ("time.sleep(3600)", "act() of policy '__main__.Hanging' (episode 1) has taken"),
        # Once in six tries, on a busy machine, the process did not end in 300 s: not understood.
        pytest.param("ctypes.PyDLL(None).sleep(3600)", "Timeout (0:00:0", marks=pytest.mark.full),
    ],
    ids=["waiting", "holding the interpreter's lock"],
)
def test_a_policy_that_hangs_ends_the_process_and_loses_nothing(
    hang: str, says: str, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(hang=hang))
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "run")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert says in done.stderr
    assert "in act" in done.stderr  # where it hangs
    assert episodes_in(tmp_path / "run") == 1


def test_a_call_that_ends_in_time_is_not_ended() -> None:
    said: list[str] = []
    with PolicyWatch(0.4, lambda: "All is safe.", end=said.append) as watch:
        for _ in range(8):
            with watch.call("act()"):
                time.sleep(0.1)
        assert said == []
        with watch.call("act() of policy 'slow'"):
            time.sleep(1.5)
    (text,) = said
    assert text.startswith("act() of policy 'slow' has taken")
    assert text.endswith("All is safe.")
