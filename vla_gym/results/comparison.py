"""Which results may stand in one ranking, and which published numbers beside them.

Two numbers are comparable when their protocol hashes are equal. Pictures from different renderers
are the one difference that a protocol cannot see (the same engine on another driver), so their
fingerprints are compared as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vla_gym.results.chain import AVERAGE, ChainSummary
from vla_gym.results.load import Results
from vla_gym.results.statistics import Interval, episodes_to_separate
from vla_gym.results.tasks import SUCCESS
from vla_gym.suites.spec import PublishedRow

FINGERPRINT = "fingerprint"


@dataclass(frozen=True)
class Published:
    """A published row beside ours.

    Attributes:
        row: As the suite has it.
        comparable: Whether it was measured under our protocol.
        verdict: What the comparison says, or why there is none.
    """

    row: PublishedRow
    comparable: bool
    verdict: str


def published_rows(results: Results) -> tuple[Published, ...]:
    """Return the published rows of the suite, each with a verdict or the reason for none."""
    rows = (PublishedRow.model_validate(dict(row)) for row in results.run.published)
    return tuple(_judge(row, results) for row in rows)


def differences(runs: Sequence[Results]) -> list[str]:
    """Return one line for each way in which runs are not comparable; none when they are."""
    lines = []
    for first, second in itertools.combinations(runs, 2):
        pair = f"{_title(first)} and {_title(second)}"
        if reasons := protocol_differences(first.run.protocol, second.run.protocol):
            lines.append(f"{pair} ran under different protocols: {'; '.join(reasons)}")
        if note := _fingerprint_note(first, second):
            lines.append(f"{pair} {note}")
    return lines


def protocol_differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Return ``"settings.renderer: tiny / egl"`` for each field in which two protocols differ."""
    left, right = dict(_flat(first)), dict(_flat(second))
    return [
        f"{key}: {left.get(key, 'absent')} / {right.get(key, 'absent')}"
        for key in sorted({*left, *right})
        if left.get(key) != right.get(key)
    ]


def fingerprints(results: Results) -> frozenset[str]:
    """Return the fingerprints of all reference frames that a run recorded."""
    return frozenset(
        str(value)
        for key, value in _flat(results.run.provenance)
        if key.rpartition(".")[2] == FINGERPRINT and value
    )


def _fingerprint_note(first: Results, second: Results) -> str:
    left, right = fingerprints(first), fingerprints(second)
    if not left or not right or left == right:
        return ""
    seen = f"{', '.join(sorted(left))} / {', '.join(sorted(right))}"
    return f"looked at different pictures (reference frames {seen}): scores may differ for that"


def _judge(row: PublishedRow, results: Results) -> Published:
    if row.protocol is None:
        return Published(row, False, "not comparable: the protocol of the number is not known")
    if row.protocol != results.protocol_hash:
        reason = f"protocol {row.protocol}, ours is {results.protocol_hash}"
        return Published(row, False, f"not comparable: {reason}")
    return Published(row, True, _verdict(row, results))


def _verdict(row: PublishedRow, results: Results) -> str:
    """Return whether our interval of the main number holds the published one."""
    summary = results.summary
    name = AVERAGE if isinstance(summary, ChainSummary) else SUCCESS
    if name not in row.values:
        return f"no verdict: it does not give {name}"
    if not results.records:
        return "no verdict: no episode has been run"
    ours, interval = _main_number(results)
    published = row.values[name]
    if published in interval:
        return f"no difference shown in {name}{_needed(name, ours, published)}"
    return f"ours is {'higher' if ours > published else 'lower'} in {name}"


def _main_number(results: Results) -> tuple[float, Interval]:
    summary = results.summary
    if isinstance(summary, ChainSummary):
        return summary.average.value, summary.average.interval
    return summary.overall.rate.value, summary.overall.rate.interval


def _needed(name: str, ours: float, published: float) -> str:
    """Say how many episodes would tell the two rates apart (for rates only)."""
    if name != SUCCESS or not 0 <= published <= 1:
        return ""
    episodes = episodes_to_separate(ours, published)
    return f" (to tell them apart: {episodes} episodes each)" if episodes else ""


def _title(results: Results) -> str:
    return f"{results.policy} on {results.suite}"


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings and lists with their dotted names."""
    if isinstance(value, Mapping):
        items: Sequence[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, (list, tuple)):
        items = list(enumerate(value))
    else:
        yield prefix, value
        return
    for key, item in items:
        yield from _flat(item, f"{prefix}.{key}" if prefix else str(key))
