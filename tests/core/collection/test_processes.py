"""What only real processes can show of collecting: a kill, and what is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vla_gym.datasets import load_dataset
from vla_gym.testing.chaos import children, wait_until_gone

pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")

SCRIPT = """
import sys
from vla_gym.collection.collect import collect
from vla_gym.testing import MockPolicy, mock_suite

collect(MockPolicy(competence=1.0), mock_suite(12), sys.argv[1], workers=2, progress=False)
"""


def semaphores() -> set[str]:
    """Return the names of what multiprocessing leaves in shared memory."""
    return {path.name for path in Path("/dev/shm").glob("sem.*")}


def files(folder: Path) -> dict[str, bytes]:
    """Return all that a data set consists of, by name."""
    paths = [path for path in folder.rglob("*") if path.is_file() and "run" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_killed_collect_leaves_nothing_and_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(entry or "." for entry in sys.path))
    before = semaphores()
    out = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(out)])
    until = time.monotonic() + 300
    while len(list(out.glob("recording/*/row.json"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    workers = children(process.pid)
    process.kill()
    process.wait()
    assert workers
    assert wait_until_gone(workers) == []
    assert semaphores() <= before
    for name in ("killed", "whole"):
        subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / name)], check=True)
    assert len(load_dataset(out).lengths) == 36
    one, other = files(out), files(tmp_path / "whole")
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name]] == []
