"""Workers as threads of this process: the same code, without the seconds that a process takes.

For tests, and for a debugger that wants to stop inside an environment. A thread cannot be killed,
so hangs and crashes need real processes.
"""

from __future__ import annotations

import os
import threading
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from vla_gym.runner.frames import FrameBlock, Images
from vla_gym.runner.messages import Died, FromWorker, Start, Stop, ToWorker
from vla_gym.runner.worker import run_worker


class ThreadWorkers:
    """Stands in for ``vla_gym.runner.pool.LocalWorkers``."""

    def __init__(
        self, count: int, start: Start, *, log: Path | None = None, patience: float = 0.0
    ) -> None:
        """Start nothing yet."""
        del log, patience
        self._count, self._start = count, start
        self._lines: dict[int, Connection] = {}
        self._frames: dict[int, FrameBlock] = {}
        self._threads: list[threading.Thread] = []

    @property
    def count(self) -> int:
        """How many workers there can be at a time."""
        return self._count

    def start(self, worker: int) -> None:
        """Start a thread."""
        ours, theirs = Pipe()
        frames = FrameBlock([policy.cameras for policy in self._start.policies])
        thread = threading.Thread(target=run_worker, args=(theirs, os.dup(frames.fd)), daemon=True)
        self._lines[worker], self._frames[worker] = ours, frames
        self._threads.append(thread)
        thread.start()
        self.send(worker, self._start)

    def send(self, worker: int, message: ToWorker) -> None:
        """Send a message."""
        self._lines[worker].send(message)

    def poll(self, timeout: float) -> list[tuple[int, FromWorker]]:
        """Wait up to ``timeout`` seconds and return what came."""
        numbers: dict[Any, int] = {line: number for number, line in self._lines.items()}
        if not numbers:
            return []
        return [(numbers[line], self._receive(line)) for line in wait(list(numbers), timeout)]

    def images(self, worker: int, policy: int) -> Images:
        """Return the pictures of a worker's last request to a policy."""
        return self._frames[worker].images[policy]

    def kill(self, worker: int) -> str:
        """Leave a thread alone: it ends when it next speaks."""
        self._lines.pop(worker).close()
        self._frames.pop(worker).close()
        return ""

    def close(self, *, patient: bool) -> None:
        """End all threads."""
        for worker in list(self._lines):
            if patient:
                self.send(worker, Stop())
            else:
                self.kill(worker)
        for thread in self._threads:
            thread.join(5.0)
        for worker in list(self._lines):
            self.kill(worker)

    def _receive(self, line: Any) -> FromWorker:
        try:
            message: FromWorker = line.recv()
        except (EOFError, OSError):
            return Died("ended", "")
        return message
