"""A policy that never comes back is noticed from outside the call.

The call runs in the process of the run and cannot be interrupted, so the process ends: everything
that is finished is on the disk. A thread measures how long a call takes; while native code keeps
the interpreter's lock no thread of Python's runs, which is why it keeps a timer of ``faulthandler``
from going off, and that one needs no lock.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

TICK_SECONDS = 1.0
GRACE_SECONDS = 30.0
"""How much later the timer goes off than the thread, which says more."""


def end_process(message: str) -> None:
    """Say what happened and where every thread is, and end this process at once with status 1."""
    print(f"\n{message}", file=sys.stderr, flush=True)
    faulthandler.dump_traceback(file=sys.__stderr__ or 2)
    os._exit(1)


class PolicyWatch:
    """Ends the process when a call of a policy takes too long.

    Args:
        seconds: What a call may take; ``None`` watches nothing.
        safe: Returns what to say about the run.
        end: Instead of ending the process.
    """

    def __init__(
        self,
        seconds: float | None,
        safe: Callable[[], str] = str,
        *,
        end: Callable[[str], None] = end_process,
    ) -> None:
        """Nothing is watched before it is entered."""
        self._seconds, self._safe, self._end = seconds, safe, end
        self._call: tuple[str, ...] = ()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> PolicyWatch:
        """Begin to watch."""
        if self._seconds is not None:
            self._thread = threading.Thread(target=self._watch, args=(self._seconds,), daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Watch no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            faulthandler.cancel_dump_traceback_later()

    @contextlib.contextmanager
    def call(self, what: str) -> Iterator[None]:
        """Watch one call; ``what`` names it."""
        self._call = (what,)  # a new object for every call
        try:
            yield
        finally:
            self._call = ()

    def _watch(self, seconds: float) -> None:
        tick, taken = min(TICK_SECONDS, seconds / 4), 0.0
        before: tuple[str, ...] = ()
        while not self._stop.wait(tick):
            timer = seconds + GRACE_SECONDS
            faulthandler.dump_traceback_later(timer, exit=True, file=sys.__stderr__ or 2)
            call = self._call
            taken, before = (taken + tick if call and call is before else 0.0), call
            if taken > seconds:
                self._end(
                    f"{call[0]} has taken {taken:.0f} s, more than policy_timeout={seconds:g}, and "
                    f"cannot be interrupted. {self._safe()}"
                )
                return
