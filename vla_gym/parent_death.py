"""A process that we started never outlives us, however we end; nor does what it started outlive it.

A closed pipe is enough while it listens; one deep in native code does not listen, so
the kernel is asked to kill it (Linux), and a thread watches the parent where it cannot. Run as a
script (``parent_death.py PARENT MODULE ARGUMENTS``) it does so before the module is imported, which
takes seconds. What the process starts is in its process group, which a warden kills when the
process has ended: whoever would do that otherwise may have been killed as well. What begins a
group or a session of its own (a daemon) is out of its reach.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import select
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


def end_group_with_us() -> None:
    """Have the process group of which we are the leader killed when we end (Linux).

    To be called before there are threads: the warden is forked. It is nobody's child, so that one
    who waits for all of its own children does not wait for it.
    """
    if sys.platform != "linux" or os.getpgrp() != os.getpid():
        return
    try:
        us = os.pidfd_open(os.getpid())
    except OSError:  # a kernel before 5.3, or a sandbox
        return
    if child := os.fork():
        os.close(us)
        os.waitpid(child, 0)
        return
    if os.fork():
        os._exit(0)
    _guard(us)


def _guard(leader: int) -> None:
    """Kill our process group, ourselves included, when its leader has ended."""
    try:
        os.dup2(leader, 0)
        os.closerange(1, max(os.sysconf("SC_OPEN_MAX"), 65536))  # pipes close when the leader ends
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.poll()
        os.killpg(0, signal.SIGKILL)
    finally:
        os._exit(1)  # never on into what the leader does


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    end_group_with_us()
    die_with_parent(int(sys.argv[1]))
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
