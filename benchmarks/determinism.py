"""Does a policy act the same on another machine, and what does a thread more cost beside a load?

    python benchmarks/determinism.py --out runs/determinism            # 40 chains, eight ways
    python benchmarks/determinism.py --episodes 4 --out runs/small

The same chains are run with other visible cores, other settings of the environment, other numbers
of workers, and beside a busy process; the actions of every episode are compared. Then the time of
one thread is compared with that of two, which is what PyTorch takes on two cores where nobody says.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

VLA_GYM = Path(sys.executable).parent / "vla-gym"
BUSY = "while True: pass"


@dataclass(frozen=True)
class Way:
    """One way to run the same.

    Attributes:
        name: For the table.
        cores: Visible ones; ``None`` is all of this machine.
        omp: What ``OMP_NUM_THREADS`` says.
        workers: How many.
        threads: Of the policy.
        load: Beside a busy process, pinned to the first core.
    """

    name: str
    cores: int | None = None
    omp: str = ""
    workers: int = 1
    threads: int = 1
    load: bool = False


WAYS = (
    Way("all cores, 1 worker"),
    Way("1 core", cores=1),
    Way("2 cores, OMP_NUM_THREADS=2", cores=2, omp="2"),
    Way("OMP_NUM_THREADS=4 (as on 4 cores)", omp="4"),
    Way("4 workers", workers=4),
    Way("4 workers on 1 core", cores=1, workers=4),
    Way("beside a busy process", load=True),
    Way("beside a busy process, 2 workers", load=True, workers=2),
)


@contextlib.contextmanager
def busy(on: bool) -> Iterator[None]:
    """Keep the first core busy."""
    if not on:
        yield
        return
    process = subprocess.Popen(["taskset", "-c", "0", sys.executable, "-c", BUSY])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def run(way: Way, out: Path, episodes: int) -> tuple[dict[int, str], float]:
    """Return the action hash of every episode, and the seconds."""
    command = [str(VLA_GYM), "eval", "--policy", "robovlms-tiny", "--suite", "calvin/D-D"]
    command += ["--set", "suite.assets=builtin", "--limit", str(episodes), "--video", "none"]
    command += ["--workers", str(way.workers), "--threads", str(way.threads), "--out", str(out)]
    if way.cores:
        command = ["taskset", "-c", f"0-{way.cores - 1}", *command]
    environment = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    if way.omp:
        environment["OMP_NUM_THREADS"] = way.omp
    began = time.perf_counter()
    with busy(way.load):
        subprocess.run(command, env=environment, check=True, capture_output=True)
    seconds = time.perf_counter() - began
    lines = (out / "episodes.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return {record["episode"]: record["actions"] for record in records}, seconds


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--out", type=Path, required=True, help="a folder that does not exist yet")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True)
    first: dict[int, str] = {}
    for number, way in enumerate(WAYS):
        found, seconds = run(way, given.out / str(number), given.episodes)
        first = first or found
        same = sum(found[episode] == first[episode] for episode in first)
        print(f"{way.name:36} {same:3} of {len(first)} equal {seconds:7.1f} s", flush=True)
    loaded = [
        run(Way("", load=True, workers=2, threads=n), given.out / f"threads-{n}", given.episodes)
        for n in (1, 2)
    ]
    (_, one), (_, two) = loaded
    print(f"beside a busy process, 2 workers: 2 threads take {two / one:.2f} times as long as 1")


if __name__ == "__main__":
    main()
