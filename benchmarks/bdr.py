"""What a step of BDRBench costs, as ratios measured in one run.

    python benchmarks/bdr.py [--parts physics cameras simpler workers] [--steps N]

``physics`` is a step without pictures against its bare engine steps; ``cameras`` is a step with
both cameras at 224 x 224 against one without; ``simpler`` is a step without pictures against one of
SimplerEnv's WidowX (which has 100 engine steps to our 20); ``workers`` is the throughput of two
workers against one. All are CPU time but ``workers``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measuring import cheapest, engine_share
from vla_gym_bdr import facts
from vla_gym_bdr.env import BdrEnv

import vla_gym
from vla_gym.suites import load_suite

PARTS = ("physics", "cameras", "simpler", "workers")
TASK = "PickUpPotato"


def cpu_ms(function: Callable[[], object], count: int) -> float:
    """Return CPU milliseconds of the least of some calls."""
    return 1000 * cheapest(function, count)


def step_ms(env: BdrEnv, count: int) -> float:
    """Return CPU milliseconds of a step that moves a little."""
    env.reset(seed=0)
    action = np.array([0.1, 0.05, -0.1, 0.0, 0.0, 0.0, 1.0])
    env.step(action)
    return cpu_ms(lambda: env.step(action), count)


def physics(count: int) -> None:
    """Compare a step without pictures with its engine steps."""
    env, twin = (BdrEnv(task=TASK, cameras=()) for _ in range(2))
    still = np.array([0.0] * 6 + [1.0])
    for one in (env, twin):
        one.reset(seed=0)
        one.step(still)
    whole, bare = engine_share(
        lambda: env.step(still), twin.simulation, steps=facts.STEPS, rounds=count
    )
    step, engine = 1000 * whole, 1000 * bare
    print(
        f"step / {facts.STEPS} engine steps: {step / engine:.2f} ({step:.2f} / {engine:.2f} ms, "
        f"least of {count}); {1000 / step:.0f} steps a CPU second without pictures"
    )
    env.close()
    twin.close()


def cameras(count: int) -> None:
    """Compare a step with both pictures with one without."""
    blind, seeing = BdrEnv(task=TASK, cameras=()), BdrEnv(task=TASK)
    without, both = step_ms(blind, count), step_ms(seeing, max(5, count // 5))
    print(f"step with both cameras / without: {both / without:.2f} ({both:.1f} / {without:.1f} ms)")
    blind.close()
    seeing.close()


def simpler(count: int) -> None:
    """Compare a step with one of SimplerEnv's WidowX."""
    from vla_gym_simpler.env import SimplerEnv

    ours, other = BdrEnv(task=TASK, cameras=()), SimplerEnv(task="widowx_stack_cube", cameras=())
    step = step_ms(ours, count)
    other.reset(seed=0)
    still = np.zeros(7)
    theirs = cpu_ms(lambda: other.step(still), max(5, count // 5))
    print(f"step / SimplerEnv WidowX step: {step / theirs:.2f} ({step:.2f} / {theirs:.2f} ms)")
    ours.close()
    other.close()


def workers(_: int) -> None:
    """Compare the throughput of two workers with one."""
    suite = load_suite("bdr/simple", {"tasks": [TASK, "PickUpRedMug"], "n_rollouts": 4})
    seconds = []
    for count in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            out = Path(folder) / "run"
            vla_gym.evaluate(
                "bdr-oracle", suite, out=out, workers=count, video="none", progress=False
            )
            seconds.append(time.perf_counter() - began)
    print(f"two workers / one: {seconds[0] / seconds[1]:.2f} times the episodes (wall clock)")


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--steps", type=int, default=50)
    given = parser.parse_args()
    for part in given.parts:
        globals()[part](given.steps)


if __name__ == "__main__":
    main()
