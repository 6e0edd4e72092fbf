"""``os._exit`` ends a process so that nothing can be said about it; here it can be caught."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import NoReturn


@contextlib.contextmanager
def staying() -> Iterator[None]:
    """Let ``os._exit`` raise ``SystemExit`` in this thread while code of others runs in it."""
    leave, ours = os._exit, (os.getpid(), threading.get_ident())

    def stay(status: int = 0) -> NoReturn:
        if (os.getpid(), threading.get_ident()) != ours:  # a forked child, or who guards us
            leave(status)
        raise SystemExit(f"os._exit({status})")

    os._exit = stay
    try:
        yield
    finally:
        os._exit = leave
