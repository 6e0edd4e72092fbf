"""Does a long run grow? Memory and file descriptors of the parent and of each worker over time.

    nice -n 15 python benchmarks/soak.py --minutes 60 --out runs/soak

Runs ``calvin-oracle`` over CALVIN's official sequences (from the first again at their end) and
looks at every process twice a minute. Growth is counted from the fifth minute of a process on, when
its caches are full.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

VLA_GYM = Path(sys.executable).parent / "vla-gym"
LOOK_SECONDS, SETTLED_SECONDS = 30.0, 300.0


@dataclass(frozen=True)
class Look:
    """What a process held at a time (s since its start): memory (MiB) and open files."""

    age: float
    memory: float
    files: int


def looks(process: psutil.Process) -> dict[int, Look]:
    """Return what a process and its children hold."""
    found = {}
    for one in (process, *process.children(recursive=True)):
        try:
            age = time.time() - one.create_time()
            found[one.pid] = Look(age, one.memory_info().rss / 2**20, one.num_fds())
        except psutil.Error:
            continue
    return found


def watch(out: Path, until: float, seen: dict[int, list[Look]]) -> None:
    """Run once, or until the time is over."""
    command = [str(VLA_GYM), "eval", "--policy", "calvin-oracle", "--suite", "calvin/ABC-D"]
    command += ["--set", "suite.assets=builtin", "--workers", "2", "--video", "none"]
    with Path(f"{out}.log").open("wb") as log:
        run = subprocess.Popen([*command, "--out", str(out)], stdout=log, stderr=log)
        while run.poll() is None and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
            for pid, look in looks(psutil.Process(run.pid)).items():
                seen[pid].append(look)
    run.terminate()
    run.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Watch for so many minutes and print a line per process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, required=True, help="a folder that does not exist yet")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True)
    seen: dict[int, list[Look]] = defaultdict(list)
    until, number = time.monotonic() + given.minutes * 60, 0
    while time.monotonic() < until:
        watch(given.out / str(number), until, seen)
        number += 1
    for pid, all_looks in seen.items():
        settled = [look for look in all_looks if look.age > SETTLED_SECONDS]
        if not settled:
            continue
        first, last = settled[0], settled[-1]
        top = max(look.memory for look in settled)
        print(
            f"process {pid}: {last.age / 60:.0f} min, memory {first.memory:.1f} -> "
            f"{last.memory:.1f} MiB (at most {top:.1f}), files {first.files} -> {last.files}"
        )


if __name__ == "__main__":
    main()
