"""Which results may stand in one ranking, and which published numbers beside them.

Two numbers are comparable when their protocol hashes are equal. Pictures from different renderers
are the one difference that a protocol cannot see (the same engine on another driver), so their
fingerprints are compared as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vla_gym.differences import differing, flat
from vla_gym.results.load import Results
from vla_gym.results.statistics import episodes_to_separate
from vla_gym.results.summary import Estimate
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
    return [
        f"{key}: {'absent' if left is None else left} / {'absent' if right is None else right}"
        for key, left, right in differing(first, second)
    ]


def fingerprints(results: Results) -> frozenset[str]:
    """Return the fingerprints of all reference frames that a run recorded."""
    return frozenset(
        str(value)
        for key, value in flat(results.run.provenance).items()
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
    ours = results.summary.score
    if ours.name not in row.values:
        return f"no verdict: it does not give {ours.name}"
    if not results.records:
        return "no verdict: no episode has been run"
    published = row.values[ours.name]
    if published in ours.interval:
        return f"no difference shown in {ours.name}{_needed(ours, published)}"
    return f"ours is {'higher' if ours.value > published else 'lower'} in {ours.name}"


def _needed(ours: Estimate, published: float) -> str:
    """Say how many episodes would tell the two rates apart (for rates only)."""
    if not ours.rate or not 0 <= published <= 1:
        return ""
    episodes = episodes_to_separate(ours.value, published)
    return f" (to tell them apart: {episodes} episodes each)" if episodes else ""


def _title(results: Results) -> str:
    return f"{results.policy} on {results.suite}"
