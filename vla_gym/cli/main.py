"""Where the program begins, and where its errors end.

Exit status: 0 all right; 1 a run (or a check) that failed; 2 a request that cannot be carried out;
130 stopped by the user.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from vla_gym.cli.app import DEBUG_VARIABLE, app
from vla_gym.cli.console import errors
from vla_gym.errors import JournalError, PolicyError, RunnerError, VlaGymError

FAILED, REFUSED, STOPPED = 1, 2, 130
_RUN_ERRORS = (PolicyError, RunnerError, JournalError)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with the exit status.

    Args:
        arguments: Instead of those of the process.
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="vla-gym")
    except VlaGymError as error:
        show(error)
        sys.exit(FAILED if isinstance(error, _RUN_ERRORS) else REFUSED)
    except BrokenPipeError:
        # Somebody piped us into `head`; the interpreter must not complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


def show(error: VlaGymError) -> None:
    """Write an error, with its traceback only when it was asked for."""
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    errors().print(f"Error: {error}", style="red", markup=False)
