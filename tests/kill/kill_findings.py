"""What a killed job may have lost, doubled or left behind."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from vla_gym.testing.chaos import comparable_lines

SHARED_MEMORY = Path("/dev/shm")
_FREE = frozenset({".lock", "log.jsonl", "workers.log", "state.pt"})
"""Says how it went, or is not part of the result."""


def contents(out: Path) -> dict[str, object]:
    """Return all that a job has made, by name, without what may differ between two runs."""
    files = [path for path in out.rglob("*") if path.is_file() and path.name not in _FREE]
    return {str(path.relative_to(out)): _content(path) for path in files}


def differences(found: Mapping[str, object], expected: Mapping[str, object]) -> list[str]:
    """Say what a finished job has, lacks or has differently than the undisturbed one."""
    lost = [f"lost {name}" for name in expected.keys() - found.keys()]
    left = [f"left {name}" for name in found.keys() - expected.keys()]
    both = found.keys() & expected.keys()
    return sorted(lost + left + [f"changed {n}" for n in both if found[n] != expected[n]])


def journals(out: Path) -> dict[str, str]:
    """Return each whole line of each journal without its timing, by journal and episode.

    Raises:
        ValueError: When an episode is there twice, or a whole line cannot be read.
    """
    found: dict[str, str] = {}
    for path in out.rglob("episodes.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if not line.endswith("\n"):
                continue  # cut off by the kill; the next start removes it
            record: dict[str, Any] = json.loads(line)
            del record["timing"]
            key = f"{path.relative_to(out)} {record['episode']}"
            if key in found:
                raise ValueError(f"{key} is there twice")
            found[key] = json.dumps(record, sort_keys=True)
    return found


def progress(out: Path) -> int:
    """Return how many files and lines there are: how far a job is."""
    count = 0
    for path in out.rglob("*"):
        with contextlib.suppress(OSError):  # it has just gone
            if path.is_file():
                count += 1 + (path.read_bytes().count(b"\n") if path.suffix == ".jsonl" else 0)
    return count


def shared_memory() -> set[str]:
    """Return the names in shared memory that no process has open or mapped."""
    names = {path.name for path in SHARED_MEMORY.iterdir()}
    return names - _held() if names else names


def _held() -> set[str]:
    held: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for line in (process / "maps").read_text().splitlines():
                held.add(line.rpartition(f"{SHARED_MEMORY}/")[2])
        with contextlib.suppress(OSError):
            held.update(link.readlink().name for link in (process / "fd").iterdir())
    return held


def _content(path: Path) -> object:
    if path.name == "episodes.jsonl":
        return comparable_lines(path.parent)
    if path.name == "run.json":
        run = json.loads(path.read_text(encoding="utf-8"))
        return {name: value for name, value in run.items() if name != "provenance"}
    if path.suffix == ".pt":
        weights = torch.load(io.BytesIO(path.read_bytes()), weights_only=True)
        return {name: value.numpy().tobytes() for name, value in weights.items()}
    return path.read_bytes()
