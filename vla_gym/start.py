"""What must hold before anything else is imported, where the program ``vla-gym`` begins.

Importing takes a second, in which Ctrl-C would end in the middle of somebody's import and print
its traceback; and what plugins are warned about should be read by people. Nothing of this touches
a program that imports ``vla_gym`` as a library.
"""

from __future__ import annotations

import signal
import sys
import warnings
from pathlib import Path


def is_program() -> bool:
    """Whether this process is the command line and not somebody else's program."""
    module = sys.orig_argv[1:3] == ["-m", "vla_gym.cli"]
    return module or (bool(sys.argv) and Path(sys.argv[0]).stem == "vla-gym")


def prepare() -> None:
    """End without a word at Ctrl-C, until ``ready``; write warnings as one line."""
    if not is_program():
        return
    warnings.formatwarning = _one_line
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def ready() -> None:
    """Let Ctrl-C be an exception again, that what is running can tidy up."""
    if is_program() and signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _one_line(message: Warning | str, *_: object, **__: object) -> str:
    return f"Warning: {message}\n"


prepare()
