"""What a run leaves behind: one record a finished episode and one for the run.

The journal holds these records as JSON lines, results and reports read nothing else. Everything
that may differ between two runs of the same episode (times, worker numbers, attempts) sits under
``timing``; the rest is a function of policy, suite and seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from vla_gym.arrays import read_npz
from vla_gym.errors import DatasetError, JournalError
from vla_gym.schema import Record

Floats = npt.NDArray[np.floating[Any]]

RUN_FILE = "run.json"
JOURNAL_FILE = "episodes.jsonl"


class SubTaskRecord(Record):
    """How one attempted sub-task went.

    Attributes:
        success: By the success rule of the protocol.
        steps: Environment steps spent on it.
        first_success: 1-based step of the first success, ``None`` if there was none.
        final_success: Whether it was fulfilled at its last step.
        metrics: What the environment reports beside success (``info["metrics"]``).
    """

    name: str
    instruction: str
    success: bool
    steps: int
    first_success: int | None = None
    final_success: bool = False
    metrics: Mapping[str, float | bool] = Field(default_factory=dict)


class EpisodeRecord(Record):
    """One line of the journal.

    Attributes:
        episode: Index in the suite.
        group: Row of the per-task table.
        seed: Seed of the episode.
        subtasks: Those attempted, in order.
        actions: SHA-256 (16 hex digits) of all executed environment actions.
        error: Why the episode could not be finished (it then counts as failed), or ``None``.
        diagnosis: Coded observations about the rollout, such as ``"gripper_never_moved"``.
        timing: All that may differ between two runs.
    """

    episode: int
    group: str = ""
    seed: int = 0
    subtasks: tuple[SubTaskRecord, ...]
    actions: str = ""
    error: str | None = None
    diagnosis: tuple[str, ...] = ()
    timing: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def solved(self) -> int:
        """How many sub-tasks succeeded before the first failure."""
        count = 0
        for subtask in self.subtasks:
            if not subtask.success:
                break
            count += 1
        return count


class RunRecord(Record):
    """``run.json``: what was run, and in which world.

    Attributes:
        version: Of the form of these files.
        identity: What must be equal for a run to be resumed: policy (name, options, spec), suite
            (name, hash) and protocol hash.
        protocol: The protocol in full.
        provenance: Versions, git commit, machine, environment descriptions (renderer, driver,
            fingerprints, assets): recorded, compared and reported, but not part of the identity.
        episodes: Number of episodes asked for.
        table: Form of the results table.
        chain_length: Longest list of sub-tasks in the suite.
    """

    version: Literal[1] = 1
    identity: Mapping[str, Any]
    protocol: Mapping[str, Any]
    provenance: Mapping[str, Any]
    episodes: int
    table: str
    chain_length: int = Field(ge=0, le=10_000)  # a table has a column for each
    published: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Executed:
    """What was executed in an episode, in the environment's terms.

    Attributes:
        actions: ``(steps, a)``.
        intended: Likewise: what should be learned, where a policy said so.
        demonstrates: Bool ``(steps,)``: which steps show what should be learned, where it said so.
    """

    actions: Floats
    intended: Floats | None = None
    demonstrates: npt.NDArray[np.bool_] | None = None

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return what is kept, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}


def action_hash(actions: Floats) -> str:
    """Return the first 16 hex digits of the SHA-256 of actions as little-endian float64."""
    return hashlib.sha256(np.ascontiguousarray(actions, dtype="<f8").tobytes()).hexdigest()[:16]


def read_executed(file: Path) -> Executed | None:
    """Read what was executed in an episode; ``None`` where the file is missing or damaged.

    A header that promises more than the file can hold is damage, too, and costs no memory.
    """
    names = ("actions", "intended", "demonstrates")
    try:
        found = read_npz(file, names[:1], optional=names[1:])
    except DatasetError:
        return None
    return Executed(found["actions"], *map(found.get, names[1:]))


def read_run(file: Path) -> RunRecord:
    """Read ``run.json``.

    Raises:
        OSError: When there is none, or it cannot be read.
        JournalError: When it is something else.
    """
    try:
        return RunRecord.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise JournalError(
            f"{file} is not a run record ({error}). Give another directory, or remove this one."
        ) from error


def read_journal(file: Path) -> tuple[dict[int, EpisodeRecord], int]:
    """Read ``episodes.jsonl``: the records by episode, and how many bytes are whole lines.

    A line that was cut off by a kill or a full disk is no record yet; an episode counts once.

    Raises:
        OSError: When the file cannot be read.
        JournalError: When a line before the last is not an episode record.
    """
    records: dict[int, EpisodeRecord] = {}
    lines = file.read_bytes().split(b"\n")
    whole = 0
    for number, line in enumerate(lines[:-1], start=1):
        try:
            record = EpisodeRecord.model_validate_json(line)
        except ValidationError as error:
            if number == len(lines) - 1:
                break
            raise JournalError(
                f"{file}, line {number} is not an episode record. The file was changed by "
                f"something else; remove that line. ({error})"
            ) from error
        records.setdefault(record.episode, record)
        whole += len(line) + 1
    return records, whole
