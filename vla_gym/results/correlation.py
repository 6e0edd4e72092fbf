"""Does a simulation rank policies as the real world does?

``mmrv`` is the mean maximum rank violation: for each policy, the largest real difference to another
one that the simulation orders the other way round; then the mean over policies. It is not
symmetric: simulation first. ``pearson`` is the linear correlation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vla_gym.errors import OptionError
from vla_gym.records import RunRecord
from vla_gym.results.load import Results
from vla_gym.suites.spec import PublishedRow

Rates = Mapping[str, float]


@dataclass(frozen=True)
class Correlation:
    """How simulation and reality agree on one task.

    Attributes:
        task: Column of the table.
        policies: Who was compared.
        mmrv: Mean maximum rank violation, 0 is best.
        pearson: Linear correlation, ``nan`` where one side does not vary.
    """

    task: str
    policies: tuple[str, ...]
    mmrv: float
    pearson: float


def mmrv(simulation: Sequence[float], real: Sequence[float]) -> float:
    """Return the mean maximum rank violation of rates by policy."""
    sim, truth = _pair(simulation, real)
    inverted = (sim[:, None] < sim[None]) != (truth[:, None] < truth[None])
    return float(np.mean(np.max(inverted * np.abs(truth[:, None] - truth[None]), axis=1)))


def pearson(simulation: Sequence[float], real: Sequence[float]) -> float:
    """Return the linear correlation of rates by policy; 1 if the two sides are equal."""
    sim, truth = _pair(simulation, real)
    if np.array_equal(sim, truth):
        return 1.0
    sim, truth = sim - sim.mean(), truth - truth.mean()
    scale = math.sqrt(float(sim @ sim) * float(truth @ truth))
    return float(sim @ truth) / scale if scale else math.nan


def correlate(simulation: Mapping[str, Rates], real: Mapping[str, Rates]) -> list[Correlation]:
    """Return the agreement on every task that at least two policies have on both sides.

    Args:
        simulation: Rates by policy and task.
        real: Likewise.
    """
    names = [name for name in simulation if name in real]
    tasks = dict.fromkeys(task for name in names for task in simulation[name])
    found = []
    for task in tasks:
        both = tuple(n for n in names if task in simulation[n] and task in real[n])
        if len(both) < 2:
            continue
        sides = [[rates[name][task] for name in both] for rates in (simulation, real)]
        found.append(Correlation(task, both, mmrv(*sides), pearson(*sides)))
    return found


def published_rates(rows: Sequence[PublishedRow]) -> tuple[dict[str, Rates], dict[str, Rates]]:
    """Return published rates by policy: of the simulation, and of the real robot."""
    simulation: dict[str, Rates] = {}
    real: dict[str, Rates] = {}
    for row in rows:
        (real if row.real else simulation)[row.label] = row.values
    return simulation, real


def rates_of_runs(runs: Mapping[str, Results]) -> tuple[dict[str, Rates], dict[str, Rates]]:
    """Return the rates of runs by the policy they stand for, and the published real ones.

    Raises:
        OptionError: When no run's suite has real-robot rates.
    """
    simulation: dict[str, Rates] = {name: dict(run.summary.columns) for name, run in runs.items()}
    real: dict[str, Rates] = {}
    for run in runs.values():
        real.update(published_rates(_rows(run.run))[1])
    if not real:
        raise OptionError("None of these runs is of a suite with published real-robot rates.")
    return simulation, real


def _rows(run: RunRecord) -> list[PublishedRow]:
    return [PublishedRow.model_validate(row) for row in run.published]


def _pair(simulation: Sequence[float], real: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    sim, truth = np.asarray(simulation, dtype=float), np.asarray(real, dtype=float)
    if sim.shape != truth.shape or sim.ndim != 1 or len(sim) < 2:
        raise ValueError(f"Expected rates of the same 2 or more policies, got {sim}, {truth}.")
    return sim, truth
