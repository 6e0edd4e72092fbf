"""Killing runs on purpose, and comparing what is left: for anybody's environment or policy."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def comparable_lines(out: str | Path) -> list[str]:
    """Return the journal's lines in the order of the suite, without what may differ."""
    records = [json.loads(line) for line in (Path(out) / "episodes.jsonl").open(encoding="utf-8")]
    for record in records:
        del record["timing"]
    records.sort(key=lambda record: int(record["episode"]))
    return [json.dumps(record, sort_keys=True) for record in records]


def children(pid: int) -> list[int]:
    """Return the process ids of the children of a process (Linux)."""
    with contextlib.suppress(OSError):
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until_gone(pids: Sequence[int], *, seconds: float = 30.0) -> list[int]:
    """Wait for processes to end; return those that have not."""
    until = time.monotonic() + seconds
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def episodes_in(out: str | Path) -> int:
    """Return how many whole lines the journal has."""
    path = Path(out) / "episodes.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def kill_after_episodes(command: Sequence[str], out: str | Path, *, more: int) -> list[int]:
    """Start a run and SIGKILL its parent as soon as ``more`` further episodes are recorded.

    Returns:
        The process ids that its workers had.
    """
    goal = episodes_in(out) + more
    process = subprocess.Popen(command)
    workers: set[int] = set()
    while process.poll() is None and episodes_in(out) < goal:
        workers.update(children(process.pid))
        time.sleep(0.01)
    workers.update(children(process.pid))
    process.kill()
    process.wait()
    return sorted(workers)


def kill_workers_while(command: Sequence[str], *, kills: int, every: float) -> int:
    """Run to the end while ``kills`` workers are SIGKILLed, one each ``every`` seconds.

    Returns:
        How many were killed; the run may have been faster.
    """
    process = subprocess.Popen(command)
    killed = 0
    due = time.monotonic() + every
    while process.poll() is None:
        workers = children(process.pid)
        if killed < kills and time.monotonic() > due and workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(workers[killed % len(workers)], signal.SIGKILL)
                killed += 1
            due = time.monotonic() + every
        time.sleep(0.02)
    if process.returncode:
        raise RuntimeError(f"{command} ended with status {process.returncode}")
    return killed
