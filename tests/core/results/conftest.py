"""Runs that were never run: records made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from vla_gym.records import EpisodeRecord, RunRecord, SubTaskRecord
from vla_gym.suites import Protocol

NAMES = ("open", "push", "lift")


def episode(index: int, outcomes: Sequence[bool], **fields: Any) -> EpisodeRecord:
    """Return a chain that attempted as many sub-tasks as there are outcomes."""
    subtasks = tuple(
        SubTaskRecord(name=name, instruction=f"{name} it", success=ok, steps=10 * (place + 1))
        for place, (name, ok) in enumerate(zip(NAMES, outcomes, strict=False))
    )
    return EpisodeRecord(episode=index, subtasks=subtasks, **fields)


def run_record(**fields: Any) -> RunRecord:
    """Return a run of a suite of chains of three."""
    protocol = Protocol(success="first", settings={"renderer": "plain"})
    values: dict[str, Any] = {
        "identity": {"policy": {"name": "guess"}, "suite": {"name": "boxes", "hash": "00"}},
        "protocol": protocol.model_dump(mode="json"),
        "provenance": {"environments": {"Box-v0": {"renderer": {"fingerprint": "aa"}}}},
        "episodes": 4,
        "table": "chain",
        "chain_length": 3,
    }
    return RunRecord(**{**values, **fields})


CHAINS = (
    episode(0, [True, True, True]),
    episode(1, [True, False]),
    episode(2, [False]),
    episode(3, [True, True, False]),
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a run directory as the runner does."""

    def to_disk(
        records: Sequence[EpisodeRecord] = CHAINS, *, name: str = "run", **fields: Any
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        run = run_record(**fields).model_dump(mode="json")
        (folder / "run.json").write_text(json.dumps(run))
        lines = "".join(record.model_dump_json() + "\n" for record in records)
        (folder / "episodes.jsonl").write_text(lines)
        return folder

    return to_disk


@pytest.fixture
def make_episode() -> Callable[..., EpisodeRecord]:
    """Return ``episode``."""
    return episode


@pytest.fixture
def make_run() -> Callable[..., RunRecord]:
    """Return ``run_record``."""
    return run_record
