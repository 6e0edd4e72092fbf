"""Worker processes on this machine: started, listened to, killed, replaced.

They are started as ``vla_gym.runner.worker`` with one socket and one block of memory,
and not through ``multiprocessing``: the caller's script needs no ``__main__`` guard, nothing is
forked (CUDA and GL survive no fork), and no helper process tracks anything.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Protocol

from vla_gym import parent_death
from vla_gym.error_text import summary
from vla_gym.runner.frames import FrameBlock, Images, anonymous_file
from vla_gym.runner.messages import Died, FromWorker, Start, Stop, ToWorker

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Set to 1 in workers: one process per core, not one per core with a thread per core each."""
LOG_BYTES = 4000
"""How much of what a worker printed a message quotes."""
LOG_LIMIT = 1_000_000
"""A log in memory that grows beyond this is begun anew."""
CLOSE_SECONDS = 5.0
_WORKER = "vla_gym.runner.worker"


class Workers(Protocol):
    """Somewhere that episodes can be run: here processes of this machine, elsewhere a cluster."""

    @property
    def count(self) -> int:
        """How many workers there can be at a time; they are numbered from 0."""
        ...

    def start(self, worker: int) -> None:
        """Start a worker; it says ``Ready`` when it is."""
        ...

    def send(self, worker: int, message: ToWorker) -> None:
        """Send a message; that a worker is gone is told by ``poll``."""
        ...

    def poll(self, timeout: float) -> Sequence[tuple[int, FromWorker]]:
        """Wait up to ``timeout`` seconds and return what came, with who sent it."""
        ...

    def images(self, worker: int, policy: int) -> Images:
        """Return the pictures of a worker's last request to a policy; valid until the answer."""
        ...

    def kill(self, worker: int) -> str:
        """End a worker at once and return the last lines that it printed."""
        ...

    def close(self, *, patient: bool) -> None:
        """End all workers; ``patient`` gives them a moment to close their environments."""
        ...


@dataclass(frozen=True)
class _Process:
    process: subprocess.Popen[bytes]
    connection: Connection
    frames: FrameBlock
    log: int


class LocalWorkers:
    """Processes on this machine.

    Args:
        count: How many at a time.
        start: What each is told first.
        log: File that gets what workers print, appended when they end; ``None`` drops it.
        patience: Seconds after which one that takes no message, or sends only a part of one (it is
            stopped), is killed.
    """

    def __init__(
        self, count: int, start: Start, *, log: Path | None = None, patience: float = 300.0
    ) -> None:
        """Start nothing yet."""
        self._count, self._start, self._log, self._patience = count, start, log, patience
        self._processes: dict[int, _Process] = {}
        self._died: list[tuple[int, FromWorker]] = []

    @property
    def count(self) -> int:
        """How many workers there can be at a time."""
        return self._count

    def pid(self, worker: int) -> int:
        """Return the process id of a running worker."""
        return self._processes[worker].process.pid

    def start(self, worker: int) -> None:
        """Start a worker."""
        ours, theirs = socket.socketpair()
        for direction in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, direction, _timeval(self._patience))
        frames, log = (
            FrameBlock([policy.cameras for policy in self._start.policies]),
            anonymous_file("vla_gym-log"),
        )
        # Appending, so that the worker writes at the beginning again after the log was emptied.
        fcntl.fcntl(log, fcntl.F_SETFL, os.O_APPEND)
        arguments = [str(theirs.fileno()), str(frames.fd)]
        process = subprocess.Popen(
            [sys.executable, parent_death.__file__, str(os.getpid()), _WORKER, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(theirs.fileno(), frames.fd),
            start_new_session=True,  # a group of its own: what it starts ends with it
            env=worker_environment(),
        )
        theirs.close()
        self._processes[worker] = _Process(process, Connection(ours.detach()), frames, log)
        self.send(worker, self._start)

    def send(self, worker: int, message: ToWorker) -> None:
        """Send a message; a broken or a stopped pipe is told by ``poll``."""
        item = self._processes.get(worker)
        if item is None:
            return
        if os.fstat(item.log).st_size > LOG_LIMIT:
            os.ftruncate(item.log, 0)
        try:
            item.connection.send(message)
        except BlockingIOError:
            reason = f"took no message for {self._patience:g} s and was killed"
            self._died.append((worker, Died(reason, self.kill(worker), killed=True)))
        except OSError:
            pass

    def poll(self, timeout: float) -> list[tuple[int, FromWorker]]:
        """Wait up to ``timeout`` seconds and return what came."""
        died, self._died = self._died, []
        numbers = {item.connection: number for number, item in self._processes.items()}
        if died or not numbers:
            return died
        ready = wait(list(numbers), timeout)
        return [(numbers[c], self._receive(numbers[c], c)) for c in ready]  # type: ignore[index,arg-type]

    def images(self, worker: int, policy: int) -> Images:
        """Return the pictures of a worker's last request to a policy."""
        return self._processes[worker].frames.images[policy]

    def kill(self, worker: int) -> str:
        """End a worker at once and return the last lines that it printed."""
        if worker not in self._processes:
            return ""
        _kill_group(self._processes[worker].process)
        return self._bury(worker)

    def close(self, *, patient: bool) -> None:
        """End all workers."""
        until = time.monotonic() + (CLOSE_SECONDS if patient else 0.0)
        for worker in list(self._processes):
            self.send(worker, Stop())
        for worker, item in list(self._processes.items()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                item.process.wait(max(0.0, until - time.monotonic()))
            self.kill(worker)

    def _receive(self, worker: int, connection: Connection) -> FromWorker:
        try:
            message: FromWorker = connection.recv()
            return message
        except BlockingIOError:
            reason = f"stopped in the middle of a message for {self._patience:g} s and was killed"
            return Died(reason, self.kill(worker), killed=True)
        except (EOFError, OSError):
            return self._ended(worker)
        except Exception as error:  # of a class that is not known here, for example
            reason = f"sent something that cannot be read here ({summary(error)}) and was killed"
            return Died(reason, self.kill(worker), killed=True)

    def _ended(self, worker: int) -> Died:
        """Return how a worker ended whose pipe is closed."""
        process = self._processes[worker].process
        # The pipe closes a moment before the process ends; longer means that it hangs.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
        status = process.poll()
        return Died(how_it_ended(status), self.kill(worker), killed=status == -signal.SIGKILL)

    def _bury(self, worker: int) -> str:
        item = self._processes.pop(worker)
        item.process.wait()
        item.connection.close()
        item.frames.close()
        text = _read_all(item.log)
        os.close(item.log)
        if self._log is not None and text.strip():
            # A full disk must not stop a run here: the log is a courtesy.
            with contextlib.suppress(OSError), self._log.open("a", encoding="utf-8") as file:
                file.write(f"--- worker {worker}, process {item.process.pid}\n{text}\n")
        return text[-LOG_BYTES:].strip()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker and what it started; its number stays taken as long as one of them lives."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _timeval(seconds: float) -> bytes:
    """Return a ``struct timeval``."""
    return struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))


def worker_environment() -> dict[str, str]:
    """Return the environment variables of a worker: ours, one thread, our import path."""
    path = [entry or str(Path.cwd()) for entry in sys.path]
    return {
        "LP_NUM_THREADS": "1",
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, "1"),
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }


def how_it_ended(status: int | None) -> str:
    """Return in words how a process ended, from ``Popen.poll``."""
    if status is None:
        return "closed its pipe"
    if status >= 0:
        return f"exited with status {status}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-status).name}"
    return f"killed by signal {-status}"


def _read_all(fd: int) -> str:
    os.lseek(fd, 0, os.SEEK_SET)
    with os.fdopen(os.dup(fd), "rb") as file:
        return file.read().decode(errors="replace")
