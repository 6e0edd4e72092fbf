"""SimplerEnv's published numbers: success in simulation and on the real robots, by policy.

From the SIMPLER paper's tables as the official repository ships them (tools/calc_metrics.py,
commit 4ab7178): visual matching, and the real-robot rates beside it. Fractions of 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from vla_gym.suites import PublishedRow

SOURCE = "SIMPLER (tools/calc_metrics.py at 4ab7178), visual matching"
REAL_SOURCE = "SIMPLER (tools/calc_metrics.py at 4ab7178), real robot"

_GOOGLE_POLICIES = (
    "RT-2-X",
    "RT-1 (converged)",
    "RT-1 (15%)",
    "RT-1-X",
    "RT-1 (begin)",
    "Octo-base",
)
_WIDOWX_POLICIES = ("RT-1-X", "Octo-base", "Octo-small")

# By task: (simulation, real) of each policy.
GOOGLE: Mapping[str, tuple[tuple[float, float], ...]] = {
    "pick_coke_can": (
        (0.787, 0.907),
        (0.857, 0.853),
        (0.710, 0.920),
        (0.567, 0.760),
        (0.027, 0.133),
        (0.170, 0.293),
    ),
    "move_near": (
        (0.779, 0.733),
        (0.442, 0.633),
        (0.354, 0.583),
        (0.317, 0.450),
        (0.050, 0.017),
        (0.042, 0.350),
    ),
    "open_drawer": (
        (0.157, 0.333),
        (0.601, 0.815),
        (0.463, 0.704),
        (0.296, 0.519),
        (0.000, 0.000),
        (0.009, 0.148),
    ),
    "close_drawer": (
        (0.343, 0.630),
        (0.861, 0.926),
        (0.667, 0.889),
        (0.891, 0.741),
        (0.278, 0.000),
        (0.444, 0.519),
    ),
    "place_apple_in_drawer": (
        (0.037, 0.074),
        (0.065, 0.185),
        (0.130, 0.185),
        (0.213, 0.407),
        (0.000, 0.000),
        (0.000, 0.000),
    ),
}
WIDOWX: Mapping[str, tuple[tuple[float, float], ...]] = {
    "spoon_on_towel": ((0.0, 0.0), (0.125, 0.333), (0.472, 0.417)),
    "carrot_on_plate": ((0.042, 0.0), (0.083, 0.250), (0.097, 0.083)),
    "stack_cube": ((0.0, 0.0), (0.0, 0.0), (0.042, 0.125)),
    "put_eggplant_in_basket": ((0.0, 0.0), (0.431, 0.250), (0.569, 0.400)),
}

_BY_ROBOT = {"widowx": (WIDOWX, _WIDOWX_POLICIES), "google_robot": (GOOGLE, _GOOGLE_POLICIES)}


def rows(robot: str) -> tuple[PublishedRow, ...]:
    """Return the published rows of a robot's suite: simulation, then real, for each policy."""
    table, names = _BY_ROBOT[robot]
    kinds = ((0, False, SOURCE), (1, True, REAL_SOURCE))
    return tuple(
        PublishedRow(
            label=name,
            values={task: values[i][kind] for task, values in table.items()},
            source=source,
            real=real,
        )
        for i, name in enumerate(names)
        for kind, real, source in kinds
    )
