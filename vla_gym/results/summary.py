"""What every summary of a run offers: a metric or a form of table is one file and one entry.

Comparison, ordering, correlation, tables and reports read this protocol and nothing else. A
``vla_gym.plugins.SummaryEntry`` names ``f(records, run) -> Summary``; a suite asks for it by name
(``Suite.table``).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vla_gym.plugins import SummaryEntry
from vla_gym.records import EpisodeRecord, RunRecord
from vla_gym.registry import registry
from vla_gym.results.statistics import Interval, Mean, Rate
from vla_gym.results.table import Table
from vla_gym.suites.spec import jsonable


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes:
        name: As in the columns of published rows.
        value: The number; ``nan`` when it is unknown.
        interval: Its ends are ``nan`` when nothing is known of them.
        n: How many it was estimated from.
        heading: Of its column; the name if empty.
        rate: It is a rate between 0 and 1, shown in per cent.
        maximum: The most that it can be, where a reader should know.
    """

    name: str
    value: float
    interval: Interval
    n: int
    heading: str = ""
    rate: bool = False
    maximum: float | None = None

    @classmethod
    def of(cls, name: str, found: Rate | Mean, **fields: Any) -> Estimate:
        """Return a rate or a mean under a name; ``fields`` are those of the class."""
        rate = isinstance(found, Rate)
        return cls(name, found.value, found.interval, found.n, rate=rate, **fields)

    @property
    def cell(self) -> str:
        """The number and its interval, as tables show them; ``-`` when it is unknown."""
        if not self.n or math.isnan(self.value):
            return "-"
        low, high = self.interval.low, self.interval.high
        ends = "?" if math.isnan(low) else f"{self.text(low)}, {self.text(high)}"
        return f"{self.text(self.value)} [{ends}]"

    @property
    def sentence(self) -> str:
        """What it is and how much, such as ``"success 75.0 [30.1, 95.4] %"``."""
        if self.rate:
            return f"{self.name} {self.cell} %"
        most = "" if self.maximum is None else f" of {self.maximum:g}"
        return f"{self.heading or self.name} {self.cell}{most}"

    def text(self, value: float) -> str:
        """Return a value of this kind as tables show it."""
        if math.isnan(value):
            return "-"
        return f"{100 * value:.1f}" if self.rate else f"{value:.2f}"


class Summary(Protocol):
    """What a run found, in one form. Subclass it: only ``estimates`` and ``score`` are needed."""

    @property
    def estimates(self) -> Sequence[Estimate]:
        """The main numbers, in the order of the columns of the main table."""
        ...

    @property
    def score(self) -> Estimate:
        """The one number of a run, one of ``estimates``."""
        ...

    @property
    def columns(self) -> Mapping[str, float]:
        """The main numbers by the names that published rows use."""
        return {estimate.name: estimate.value for estimate in self.estimates}

    def tables(self) -> Sequence[Table]:
        """Return the tables below the main one."""
        return ()

    def as_json(self) -> Any:
        """Return the JSON form: the fields of a dataclass, or else the main numbers."""
        if dataclasses.is_dataclass(self):
            return plain(self)
        return {estimate.name: plain(estimate) for estimate in self.estimates}


def summarise(name: str, records: Sequence[EpisodeRecord], run: RunRecord) -> Summary:
    """Return the summary of a registered name.

    Raises:
        UnknownNameError: When nobody registered it.
        MissingDependencyError: When something that it needs is not installed.
    """
    summary: Summary = registry().load(SummaryEntry, name)(records, run)
    return summary


def plain(value: Any) -> Any:
    """Return nested dataclasses as JSON values.

    A rate carries its interval; what is unknown or without bound is ``null``.
    """
    if isinstance(value, Rate):
        return {
            "successes": value.successes,
            "n": value.n,
            "rate": plain(value.value),
            "interval": plain(value.interval),
        }
    if isinstance(value, Interval):
        return [plain(value.low), plain(value.high)]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return jsonable(value)
