"""From a run directory to ``Results``, the one object that tables and reports read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vla_gym.errors import JournalError, OptionError
from vla_gym.records import JOURNAL_FILE, RUN_FILE, EpisodeRecord, RunRecord, read_journal, read_run
from vla_gym.results.chain import ChainSummary, summarise_chain
from vla_gym.results.diagnosis import Finding, diagnose
from vla_gym.results.summary import Summary, summarise
from vla_gym.results.tasks import TasksSummary, summarise_tasks
from vla_gym.suites.spec import digest


@dataclass(frozen=True)
class Results:
    """What a run found.

    Attributes:
        run: What was run, and in which world.
        records: The finished episodes in the order of the suite.
        path: The run directory, if there is one.
    """

    run: RunRecord
    records: tuple[EpisodeRecord, ...]
    path: Path | None = None

    @cached_property
    def chain(self) -> ChainSummary:
        """Success at 1..n, average length, tasks and transitions."""
        return summarise_chain(self.records, length=self.run.chain_length)

    @cached_property
    def tasks(self) -> TasksSummary:
        """Success by group."""
        return summarise_tasks(self.records)

    @cached_property
    def summary(self) -> Summary:
        """The summary that the suite asks for.

        Raises:
            UnknownNameError: When no installed plugin brings it.
        """
        return summarise(self.run.table, self.records, self.run)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What looks wrong when nothing succeeded."""
        return diagnose(self.records)

    @property
    def errors(self) -> tuple[EpisodeRecord, ...]:
        """The episodes that could not be finished."""
        return tuple(record for record in self.records if record.error is not None)

    @property
    def missing(self) -> int:
        """How many of the episodes asked for have not been run yet."""
        return max(0, self.run.episodes - len(self.records))

    @property
    def policy(self) -> str:
        """Name of the policy."""
        return _name(self.run.identity.get("policy"))

    @property
    def suite(self) -> str:
        """Name of the suite."""
        return _name(self.run.identity.get("suite"))

    @property
    def protocol_hash(self) -> str:
        """Hash of the protocol; only results with equal ones are comparable."""
        return digest(self.run.protocol)


def make_results(
    run: RunRecord, records: Collection[EpisodeRecord], path: Path | None = None
) -> Results:
    """Return results with the records in the order of the suite."""
    return Results(run, tuple(sorted(records, key=lambda record: record.episode)), path)


def load_results(path: str | Path) -> Results:
    """Read the run in a directory; an unfinished one gives what it has so far.

    Args:
        path: The directory.

    Raises:
        OptionError: When the directory holds no run.
        JournalError: When its files cannot be read.
    """
    folder = Path(path)
    return make_results(_read_run(folder), _read_records(folder / JOURNAL_FILE), folder)


def _read_run(folder: Path) -> RunRecord:
    try:
        return read_run(folder / RUN_FILE)
    except FileNotFoundError:
        raise OptionError(
            f"{folder} holds no run ({RUN_FILE} is missing); expected a directory that "
            "`vla-gym eval --out DIR` wrote."
        ) from None
    except OSError as error:
        raise JournalError(f"{folder / RUN_FILE} cannot be read: {error}") from error


def _read_records(file: Path) -> Collection[EpisodeRecord]:
    try:
        return read_journal(file)[0].values()
    except FileNotFoundError:  # stopped before its first episode ended
        return ()
    except OSError as error:
        raise JournalError(f"{file} cannot be read: {error}") from error


def _name(value: Any) -> str:
    """Return the name in a part of the identity (a name, or a mapping that has one)."""
    return str(value.get("name", "?")) if hasattr(value, "get") else str(value or "?")
