"""The command line: ``vla-gym COMMAND``, one file per command.

Commands import what they need when they run, so that ``vla-gym --help`` answers at once. Whatever
a user can cause ends as one line on standard error, never as a traceback (``--debug`` shows it).
"""

from vla_gym.cli.app import app
from vla_gym.cli.main import main

__all__ = ["app", "main"]
