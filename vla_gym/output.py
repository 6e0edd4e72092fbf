"""Standard output is for results: what anything else writes while it runs goes to standard error.

A plugin that prints when it is imported, a model that greets its user or a driver that writes to
file descriptor 1 would make ``--json`` unreadable.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO


def printable(text: str) -> str:
    """Return a text with what would command a terminal written out, as Python does.

    Names and sentences come from files of others, and a terminal does what escape sequences say.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else repr(letter)[1:-1]
        for letter in text
    )


class _Errors(io.TextIOBase):
    """Standard error, whatever that is at the time; closing it closes nothing."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def fileno(self) -> int:
        return sys.stderr.fileno()

    def isatty(self) -> bool:
        return sys.stderr.isatty()

    @property
    def buffer(self) -> Any:
        """Where bytes go."""
        return sys.stderr.buffer

    def close(self) -> None:
        self.flush()


@contextlib.contextmanager
def reserved_stdout() -> Iterator[TextIO]:
    """Yield standard output; what others write to it, by Python or below it, goes elsewhere."""
    ours = sys.stdout
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(_diverted())
        if kept is not None and _number(ours) == 1:
            encoding, errors = ours.encoding, ours.errors
            file = os.fdopen(os.dup(kept), "w", encoding=encoding, errors=errors)
            ours = stack.enter_context(file)
        with contextlib.redirect_stdout(_Errors()):
            yield ours


@contextlib.contextmanager
def _diverted() -> Iterator[int | None]:
    """Let file descriptor 1 be file descriptor 2; yield a descriptor of what it was, if it was."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none at all
        sys.__stdout__.flush()  # type: ignore[union-attr]
    try:
        kept = os.dup(1)
    except OSError:
        yield None
        return
    try:
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
        yield kept
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _number(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # it is none, or closed
        return -1
