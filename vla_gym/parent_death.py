"""A process that we started never outlives us, however we end.

A closed pipe is enough while it listens; one deep in native code does not listen, so
the kernel is asked to kill it (Linux), and a thread watches the parent where it cannot. Run as a
script (``parent_death.py PARENT MODULE ARGUMENTS``) it does so before the module is imported, which
takes seconds.
"""

from __future__ import annotations

import ctypes
import os
import runpy
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


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
