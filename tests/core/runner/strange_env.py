"""An environment that hangs while it is built, or starts a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium

from vla_gym.testing import MockWorld

NAME = "Strange-v0"


class Strange(MockWorld):
    """Strange in workers only.

    Args:
        hang: Where this does not exist it is made, and the constructor hangs.
        child: Gets the number of a process that is started.
    """

    def __init__(self, *, hang: str = "", child: str = "", **options: Any) -> None:
        if sys.argv[0].endswith("worker.py"):
            if hang and not Path(hang).exists():
                Path(hang).touch()
                time.sleep(3600)
            if child:
                process = subprocess.Popen(["sleep", "3600"])
                Path(child).write_text(str(process.pid))
        super().__init__(**options)


if NAME not in gymnasium.registry:
    gymnasium.register(NAME, entry_point=f"{__name__}:Strange")
