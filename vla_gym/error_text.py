"""What a record says of an error: the same text in every run, short enough, and printable."""

from __future__ import annotations

import re
import traceback

LIMIT = 10_000
"""Characters of an error that are kept: the beginning says what, the end where."""
_HEAD = 2_000


def summary(error: BaseException) -> str:
    """Return class and message."""
    try:
        message = str(error)
    except Exception as problem:  # what an exception of somebody else's does when it is printed
        message = f"(its message cannot be had: {type(problem).__name__})"
    return clean(f"{type(error).__name__}: {message}")


def described(error: BaseException) -> str:
    """Return class and message, then the traceback."""
    return clean(f"{summary(error)}\n{''.join(traceback.format_exception(error))}")


def clean(text: str) -> str:
    """Return text that may be part of a record.

    Memory addresses are blotted out, because a record must not differ between two runs; what is no
    UTF-8 is escaped; what is too long loses its middle.
    """
    text = re.sub(r"0x[0-9a-f]+", "0x...", text).strip()
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) <= LIMIT:
        return text
    left_out = len(text) - LIMIT
    tail = text[-(LIMIT - _HEAD) :]
    return f"{text[:_HEAD]}\n... ({left_out} characters left out) ...\n{tail}"
