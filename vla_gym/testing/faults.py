"""Things that go wrong on purpose, so that the runner's promises can be tested."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_gym.errors import ObservationError

KINDS = ("raise", "observation", "quit", "interrupt", "exit", "kill", "hang", "slow")


def inject(fault: Mapping[str, Any], step: int) -> None:
    """Let a fault happen if its time has come.

    Args:
        fault: ``kind`` (one of ``KINDS``), ``step`` at which it happens, and perhaps ``once``: a
            path that is created first, and where it exists nothing happens any more.
        step: The present step.
    """
    if not fault or int(fault.get("step", 0)) != step:
        return
    if once := fault.get("once"):
        if Path(once).exists():
            return
        Path(once).touch()
    _happen(str(fault["kind"]))


def _happen(kind: str) -> None:
    if kind == "raise":
        raise RuntimeError("the mock world was told to raise")
    if kind == "observation":
        raise ObservationError("the mock world was told to show something else than it declared")
    if kind == "quit":
        sys.exit(0)
    if kind == "interrupt":
        raise KeyboardInterrupt
    if kind == "exit":
        os._exit(7)
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "hang":
        # PyDLL keeps the interpreter's lock: like native code that never comes back.
        ctypes.PyDLL(None).sleep(3600)
    elif kind == "slow":
        time.sleep(0.3)
    else:
        raise ValueError(f"fault {kind!r}, expected one of {', '.join(KINDS)}")
