"""What the benchmarks of the SAPIEN environments measure alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def cheapest(run: Callable[[], object], repeat: int = 5) -> float:
    """Return the least CPU time of several runs, s: what else runs here hardly counts."""
    times = []
    for _ in range(repeat):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return min(times)


def engine_share(
    step: Callable[[], object], twin: Any, *, steps: int, rounds: int
) -> tuple[float, float]:
    """Return the least CPU seconds of a step, and of its engine steps in a twin that does no more.

    The twin's arm is held against gravity as in a step, or it would sag and fall asleep and cost
    nothing; what holding it takes (measured by itself) is subtracted.

    Args:
        step: One step of an environment.
        twin: Simulation of another environment in the same state; its drives have their targets.
        steps: Engine steps of a step.
        rounds: How often each is measured, one after the other.
    """

    def held() -> None:
        for _ in range(steps):
            twin.robot.compensate()
            twin.world.step()

    def hold() -> None:
        for _ in range(steps):
            twin.robot.compensate()

    times = [[cheapest(run, 1) for run in (step, held, hold)] for _ in range(rounds)]
    whole, both, holding = (min(column) for column in zip(*times, strict=True))
    return whole, both - holding
