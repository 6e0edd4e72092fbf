"""A process that we started never outlives us, however we end.

A closed pipe is enough while it listens; one deep in native code does not listen, so
the kernel is asked to kill it (Linux), and a thread watches the parent where it cannot.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
"""``prctl`` option, linux/prctl.h."""
CHECK_SECONDS = 1.0


def die_with_parent(parent: int) -> None:
    """End this process when process ``parent`` ends, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_SECONDS)
    os._exit(1)
