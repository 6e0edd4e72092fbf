"""Do runs come out in the order that somebody published?

The scores themselves may have nothing to do with each other (another scale, other data); what a
study asks is whether the same one wins. Two runs whose intervals touch do not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vla_gym.results.load import Results


@dataclass(frozen=True)
class Claim:
    """A run and the number that was published for what it stands for.

    Attributes:
        label: Of the run.
        results: Ours.
        published: Theirs; higher is better.
    """

    label: str
    results: Results
    published: float


def ordering(claims: Sequence[Claim]) -> list[str]:
    """Return what our runs say to each neighbouring pair of the published order.

    Returns:
        Lines such as ``"policy-head > one-step (published 4.49 > 2.19): seen"``; none for fewer
        than two claims. Equal published numbers claim nothing.
    """
    ranked = sorted(claims, key=lambda claim: claim.published, reverse=True)
    return [
        f"{better.label} > {worse.label} "
        f"(published {better.published:g} > {worse.published:g}): {_verdict(better, worse)}"
        for better, worse in pairwise(ranked)
        if better.published > worse.published
    ]


def _verdict(better: Claim, worse: Claim) -> str:
    """Return whether the intervals confirm, contradict, or do neither."""
    first, second = (claim.results.summary.score for claim in (better, worse))
    if first.interval.low > second.interval.high:
        return "seen"
    if first.interval.high < second.interval.low:
        return "the other way round"
    return f"not decided ({first.value:.3g} and {second.value:.3g}, intervals touch)"
