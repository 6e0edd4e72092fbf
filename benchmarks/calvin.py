"""Everything that the CALVIN environment promises about speed and memory, measured in one run.

    python benchmarks/calvin.py [--parts a b c d e f] [--renderers tiny egl] [--chains N]

(a) step against bare physics, (b) low against exact visuals, (c) reset against step, (d) two
workers against one, (e) memory of a worker, (f) grey levels between low and exact. The parts are
explained in ``calvin_physics.py`` and ``calvin_rendering.py``; official assets and recordings are
looked for in ``../shared``.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import calvin_physics
import calvin_rendering
import numpy as np
from vla_gym_calvin.env import CalvinEnv

import vla_gym

MEGABYTE = 1024


def physics(*, step: bool) -> None:
    """(a) and (c)."""
    env = CalvinEnv(assets="official", cameras=(), button_reset="main")
    motions = calvin_physics.golden_motions()
    if step:
        ratio = calvin_physics.step_ratio(env, motions)
        print(f"(a) step without cameras / 8 bare physics steps: {ratio:.2f} (<= 1.2)")
    else:
        ratio = calvin_physics.reset_ratio(env, motions)
        print(f"(c) reset / step, both without cameras: {ratio:.1f} (<= 5)")
    env.close()


def visuals(name: str) -> None:
    """(b) for one renderer."""
    times = calvin_rendering.low_against_exact(name)
    print(f"(b) {name}: step with both cameras, exact / low: {times.ratio:.2f} (tiny: >= 2.2)")


def differences(name: str) -> None:
    """(f) for one renderer."""
    found = calvin_rendering.low_differences(name)
    print(
        f"(f) {name}: low to exact, grey levels: static {found.static:.2f} (<= 2.5), "
        f"wrist {found.wrist:.2f} (<= 3.5)"
    )


def episodes_per_second(workers: int, chains: int) -> float:
    """Return the throughput of warm workers: the first episode of each does not count."""
    with tempfile.TemporaryDirectory() as folder:
        results = vla_gym.evaluate(
            "calvin-oracle",
            "calvin/ABC-D",
            out=folder,
            workers=workers,
            limit=chains,
            video="none",
            progress=False,
        )
    seconds: dict[int, list[float]] = defaultdict(list)
    for record in results.records:
        seconds[record.timing["worker"]].append(record.timing["seconds"])
    # The first episode of a worker pays for starting it; it is by far the longest.
    warm = [sorted(times)[:-1] for times in seconds.values()]
    return sum(len(times) / sum(times) for times in warm if times)


def scaling(chains: int) -> None:
    """(d)."""
    one, two = episodes_per_second(1, chains), episodes_per_second(2, chains)
    print(f"(d) two workers / one, episodes per second: {two / one:.2f} (>= 1.8)")


def memory(renderer: str) -> None:
    """(e) for one renderer, in a process of its own."""
    command = [sys.executable, __file__, "--memory-of", renderer]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    print(f"(e) {renderer}: peak memory with both cameras: {text.split()[-1]} MB (<= 400)")


def peak_memory(renderer: str) -> None:
    """Print the peak resident memory, MB, of a process that steps an environment."""
    import vla_gym.runner.worker  # noqa: F401  what a worker has loaded counts

    env = CalvinEnv(renderer=renderer)
    for _ in range(3):
        env.reset(seed=0)
        for _ in range(5):
            env.step(np.zeros(7))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MEGABYTE)


def run(parts: Sequence[str], renderers: Sequence[str], chains: int) -> None:
    """Print the parts asked for."""
    for part in parts:
        if part in "ac":
            physics(step=part == "a")
        elif part == "d":
            scaling(chains)
        else:
            for name in renderers:
                {"b": visuals, "e": memory, "f": differences}[part](name)
        sys.stdout.flush()


def main() -> None:
    """Print all parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=list("abcdef"), default=list("abcdef"))
    parser.add_argument("--renderers", nargs="+", default=["tiny", "egl"])
    parser.add_argument("--chains", type=int, default=24, help="chains of part d")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    shared = Path(__file__).resolve().parents[2] / "shared" / "assets"
    if shared.is_dir():
        os.environ.setdefault("VLA_GYM_ASSETS", str(shared))
    if options.memory_of:
        peak_memory(options.memory_of)
    else:
        run(options.parts, options.renderers, options.chains)


if __name__ == "__main__":
    main()
