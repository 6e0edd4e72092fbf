"""Kills jobs at moments drawn from a seed, lets them go on, and compares with undisturbed ones.

``python tests/kill/kill_rounds.py --rounds 200`` says after each round what was lost, doubled,
left or blocked, and ends with status 1 if anything was. A round is a function of its number, up to
the speed of the machine. Jobs are forked from here, where everything is imported already, and this
process adopts whatever they leave (``PR_SET_CHILD_SUBREAPER``), so that no orphan gets away.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from kill_findings import contents, differences, journals, progress, shared_memory
from kill_jobs import JOBS

from vla_gym.testing.chaos import children

PR_SET_CHILD_SUBREAPER = 36
"""``prctl`` option, linux/prctl.h."""
PATIENCE = 600.0
"""Seconds that a job may take, and that an end may take: only what is blocked takes so long."""
PAUSE = 1.5
"""Seconds that what is stopped with its parent stays so."""
SIGNALS = ("KILL", "TERM", "INT", "STOP")
TARGETS = ("parent", "worker", "all")
KINDS = ("evaluate", "collect", "evaluate", "train", "matrix")
"""In turn; evaluations twice."""


@dataclass(frozen=True)
class Blow:
    """What is done to a running job.

    Attributes:
        target: ``parent``, one ``worker``, or ``all`` processes, the parent last.
        sign: Name of a signal.
        moment: When, as a share of what an undisturbed job makes.
        delay: Seconds later still, so that it also falls between two files.
        then_kill: The parent is killed while it and others are stopped.
    """

    target: str
    sign: str
    moment: float
    delay: float
    then_kill: bool

    @classmethod
    def draw(cls, kind: str, draw: random.Random) -> Blow:
        """Draw one; a training has no workers."""
        target = draw.choice(TARGETS) if kind != "train" else "parent"
        moment, delay = draw.uniform(-0.2, 1.0), draw.uniform(0.0, 0.3)
        return cls(target, draw.choice(SIGNALS), moment, delay, draw.random() < 0.5)

    @property
    def is_the_end(self) -> bool:
        """Whether the job cannot go on by itself."""
        if self.sign == "STOP":
            return self.then_kill and self.target != "worker"
        return self.target != "worker"

    def strike(self, parent: int, which: random.Random) -> None:
        """Deliver it."""
        workers = children(parent)
        chosen = {"parent": [], "worker": [which.choice(workers)] if workers else []}
        hit = chosen.get(self.target, workers)
        if self.target != "worker":
            hit = [*hit, parent]
        send(hit, self.sign)
        if self.sign == "STOP" and self.target != "worker":
            time.sleep(PAUSE)
            if self.then_kill:
                send([parent], "KILL")
                time.sleep(PAUSE)  # who was stopped before it was a worker ends when it is woken
            send(hit, "CONT")


@dataclass(frozen=True)
class Whole:
    """What a job makes when nobody disturbs it.

    Attributes:
        temporary: Names in the folder for temporary files: caches of libraries.
    """

    contents: dict[str, object]
    progress: int
    temporary: set[str]


@dataclass
class Round:
    """One job, disturbed up to three times.

    Attributes:
        faults: What went wrong, in words.
        hits: The blows that met a running job.
    """

    number: int
    kind: str
    home: Path
    faults: list[str] = field(default_factory=list)
    hits: list[Blow] = field(default_factory=list)

    @property
    def out(self) -> Path:
        """The folder of the job."""
        return self.home / "out"

    def run(self, seed: int, whole: Whole) -> None:
        """Disturb, go on, compare."""
        draw = random.Random(f"{seed}-{self.number}")
        before = shared_memory()
        for _ in range(draw.choice((1, 1, 2, 3))):
            self._disturbed(Blow.draw(self.kind, draw), draw, whole.progress)
        status = wait_for(start(self.kind, self.home))
        self._check_left()
        if status != 0:
            self.faults.append(f"going on ended with status {status}: {self._said()}")
        self.faults += differences(contents(self.out), whole.contents)
        temporary = names(self.home / "tmp") - whole.temporary
        temporary |= {str(path) for path in self.home.rglob("*.partial*")}
        self.faults += [f"left temporary file {name}" for name in temporary]
        left = shared_memory() - before
        if left:  # others make and remove names while we look
            time.sleep(PAUSE)
            left &= shared_memory()
        self.faults += [f"left shared memory {name}" for name in left]

    def _disturbed(self, blow: Blow, draw: random.Random, total: int) -> None:
        """Run the job, hit it, and look at what is there then."""
        known, done = journals(self.out), progress(self.out)
        parent = start(self.kind, self.home)
        status = wait_until(parent, self.out, done + blow.moment * max(total - done, 0))
        if status is None:
            time.sleep(blow.delay)
            blow.strike(parent, draw)
            self.hits.append(blow)
            status = wait_for(parent)
        if status is None:
            self.faults.append(f"blocked after {blow}")
        elif status and not (self.hits and blow is self.hits[-1] and blow.is_the_end):
            self.faults.append(f"status {status} after {blow}: {self._said()}")
        self._check_left()
        self._check_journals(known)

    def _check_left(self) -> None:
        """Nobody outlives the job."""
        until = time.monotonic() + 60.0
        while (left := children(os.getpid())) and time.monotonic() < until:
            reap()
            time.sleep(0.02)
        self.faults += [f"left process {name_of(pid)}" for pid in left]
        send(left, "KILL")

    def _check_journals(self, known: dict[str, str]) -> None:
        try:
            now = journals(self.out)
        except ValueError as error:
            self.faults.append(str(error))
            return
        self.faults += [f"lost or changed {key}" for key in known if now.get(key) != known[key]]

    def _said(self) -> str:
        return (self.home / "said").read_text(errors="replace")[-2000:]


def start(kind: str, home: Path) -> int:
    """Fork a job and return its process id."""
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.setsid()
        os.chdir(home)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
        said = os.open(home / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        tempfile.tempdir = os.environ["TMPDIR"] = str(home / "tmp")
        JOBS[kind](home / "out")
        status = 0
    except BaseException:  # also Ctrl-C; this process ends here whatever happens
        traceback.print_exc()
    finally:
        os._exit(status)


def wait_for(pid: int) -> int | None:
    """Wait for a job and return its status; ``None`` where it is blocked (and is killed then)."""
    until = time.monotonic() + PATIENCE
    while (status := ended(pid)) is None and time.monotonic() < until:
        time.sleep(0.02)
    if status is None:
        send([pid], "KILL")
        os.waitpid(pid, 0)
    return status


def wait_until(pid: int, out: Path, goal: float) -> int | None:
    """Wait until a job has come so far; return its status if it ended before."""
    until = time.monotonic() + PATIENCE
    while (status := ended(pid)) is None and time.monotonic() < until:
        if progress(out) >= goal:
            return None
        time.sleep(0.01)
    return status


def ended(pid: int) -> int | None:
    """Return the status of a child that has ended."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def reap() -> None:
    """Take note of the end of what we have adopted."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def send(pids: list[int], sign: str) -> None:
    """Signal processes, those that have gone excepted."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, getattr(signal, f"SIG{sign}"))


def name_of(pid: int) -> str:
    """Return what a process was called with."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
    except OSError:
        return str(pid)


def undisturbed(kind: str, home: Path) -> Whole:
    """Run a job without a disturbance."""
    status = wait_for(start(kind, home))
    if status != 0:
        raise SystemExit(f"{kind} ends with {status}: {(home / 'said').read_text()[-2000:]}")
    out = home / "out"
    return Whole(contents(out), progress(out), names(home / "tmp"))


def names(folder: Path) -> set[str]:
    """Return what lies in a folder."""
    return {path.name for path in folder.iterdir()}


def play(first: int, count: int, seed: int, home: Path) -> int:
    """Play rounds and return how many had a fault."""
    wholes: dict[str, Whole] = {}
    hits: Counter[str] = Counter()
    bad = 0
    for number in range(first, first + count):
        kind = KINDS[number % len(KINDS)]
        if kind not in wholes:
            wholes[kind] = undisturbed(kind, home / kind)
        this = Round(number, kind, home / f"round-{number}")
        this.run(seed, wholes[kind])
        hits.update(f"{kind} {blow.target} {blow.sign}" for blow in this.hits)
        bad += bool(this.faults)
        print(f"round {number} {kind}: {len(this.hits)} hits, {this.faults or 'whole'}", flush=True)
        if not this.faults:
            shutil.rmtree(this.home)
    for name, times in sorted(hits.items()):
        print(f"{name}: {times}")
    print(f"{count} rounds, {hits.total()} hits, {bad} rounds with a fault")
    return bad


def main() -> None:
    """Play the rounds that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=len(KINDS))
    parser.add_argument("--first", type=int, default=0, help="number of the first round")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--home", type=Path, help="where to work; rounds with faults stay there")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="kill-rounds-", dir=given.home))
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1):
        raise SystemExit("Linux does not let us adopt what jobs leave.")
    bad = play(given.first, given.rounds, given.seed, home)
    if not bad:
        shutil.rmtree(home)
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
