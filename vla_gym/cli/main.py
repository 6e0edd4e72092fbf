"""Where the program begins, and where its errors end.

Exit status: 0 all right; 1 a run (or a check) that failed; 2 a request that cannot be carried out;
130 stopped by the user.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Sequence

from vla_gym import start
from vla_gym.cli.app import DEBUG_VARIABLE, command
from vla_gym.cli.console import errors
from vla_gym.error_text import summary
from vla_gym.errors import JournalError, PolicyError, RunnerError, VlaGymError
from vla_gym.output import printable

FAILED, REFUSED, STOPPED = 1, 2, 130
_RUN_ERRORS = (PolicyError, RunnerError, JournalError)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with the exit status.

    Args:
        arguments: Instead of those of the process.
    """
    status = run(arguments)
    if arguments is None:
        _leave_behind(status)
    sys.exit(status)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: Instead of those of the process.
    """
    start.ready()
    try:
        command()(args=None if arguments is None else list(arguments), prog_name="vla-gym")
    except SystemExit as ended:  # typer's own way to end
        return ended.code if isinstance(ended.code, int) else FAILED if ended.code else 0
    except VlaGymError as error:
        show(error, str(error))
        return FAILED if isinstance(error, _RUN_ERRORS) else REFUSED
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        # Somebody piped us into `head`; the interpreter must not complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        show(
            error,
            f"{summary(error)}\nThis is a bug of vla_gym or of a plugin: --debug shows where.",
        )
        return FAILED
    return 0


def show(error: BaseException, text: str) -> None:
    """Write an error, with its traceback only when it was asked for."""
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    errors().print(f"Error: {printable(text)}", style="red", markup=False)


def _leave_behind(status: int) -> None:
    """End now if a thread of a plugin or a policy would keep the process alive for ever."""
    others = [thread for thread in threading.enumerate() if not thread.daemon]
    names = [thread.name for thread in others if thread is not threading.main_thread()]
    if names:
        print(f"Not waiting for what was left running: {', '.join(names)}", file=sys.stderr)
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(status)
