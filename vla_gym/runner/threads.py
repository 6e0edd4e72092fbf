"""A fixed number of threads for inference on a CPU, whatever the machine has.

How many threads share a sum decides in which order it is added up, so the last digits of an action
depend on it, and after a hundred steps the episode does. The number is therefore part of what a run
is. One thread is the default: the cores belong to the workers, and threads that wait for each other
are slower than one as soon as something else runs.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any

from vla_gym.runner.pool import THREAD_VARIABLES


class FixedThreads:
    """Sets the number of threads of what computes in this process, and restores it.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        """Change nothing yet."""
        self._count = count
        self._variables: dict[str, str | None] = {}
        self._libraries: Any = None
        self._torch = 0

    def __enter__(self) -> FixedThreads:
        """Set it for what is loaded, and for what is loaded from now on."""
        torch = sys.modules.get("torch")
        self._torch = torch.get_num_threads() if torch else _usual()
        self._variables = {name: os.environ.get(name) for name in THREAD_VARIABLES}
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(self._count)))
        self.apply()
        return self

    def apply(self) -> None:
        """Set it for libraries that were loaded meanwhile, such as by a policy."""
        from threadpoolctl import threadpool_limits

        limits = threadpool_limits(self._count)
        self._libraries = self._libraries or limits
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.set_num_threads(self._count)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Restore what was."""
        for name, value in self._variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._libraries.restore_original_limits()
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.set_num_threads(self._torch)


def _usual() -> int:
    """Return how many threads PyTorch takes where nobody says."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
