"""What may be said about how a run is carried out; nothing but ``threads`` can change a number.

``evaluate``, ``collect``, ``record`` and the command line share this one model, so that an option
is declared, checked and explained once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from vla_gym.options import validated
from vla_gym.schema import Record

Video = Literal["failures", "all", "none"]
Workers = int | Literal["auto"]


def _workers(value: Any) -> Any:
    """Return a number of workers; a text is what a command line gives."""
    if value == "auto":
        return value
    number = int(value) if isinstance(value, str) and value.isdigit() else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError("expected a number from 1, or auto")
    return number


class RunOptions(Record):
    """How a run is carried out; all but ``threads`` may differ from call to call on a directory.

    Attributes:
        workers: Processes that run environments; ``"auto"`` is one per core.
        limit: Only the first so many episodes; may grow from call to call.
        batch_size: Most observations in one call of the policy; the number of workers if ``None``.
        batch_wait: Seconds to wait for a batch to fill, at most.
        video: Which episodes are filmed (afterwards, by doing their actions again).
        max_videos: Most videos in the directory; ``None`` is no limit.
        progress: Show how it goes on standard error.
        watchdog: Seconds of silence after which a worker is killed and replaced; the time that the
            policy takes does not count.
        start_timeout: The same for a worker that starts or builds an environment.
        threads: Threads of the policy's computations on a CPU. Another number changes the last
            digits of its actions, and so is another run.
        policy_timeout: Seconds that one call of the policy may take; then the process ends, with
            the place where it hangs and status 1. ``None`` waits for ever.
        policy_errors: An exception of the policy costs its episode; where the first so many all
            end in one, the run stops and records none of them.
        max_attempts: How often an episode is tried when its worker dies or its environment raises.
        retry_errors: Run episodes again that ended in an error.
    """

    workers: Annotated[Workers, BeforeValidator(_workers)] = "auto"
    limit: int | None = Field(default=None, ge=1)
    batch_size: int | None = Field(default=None, ge=1)
    batch_wait: float = Field(default=0.01, ge=0)
    video: Video = "failures"
    max_videos: int | None = Field(default=100, ge=0)
    progress: bool = True
    watchdog: float = Field(default=300.0, gt=0)
    start_timeout: float = Field(default=300.0, gt=0)
    threads: int = Field(default=1, ge=1)
    policy_timeout: float | None = Field(default=3600.0, gt=0)
    policy_errors: int = Field(default=3, ge=1)
    max_attempts: int = Field(default=3, ge=1)
    retry_errors: bool = False


def run_options(options: RunOptions | None, run: Mapping[str, Any]) -> RunOptions:
    """Return options with single fields over them.

    Raises:
        OptionError: Naming each field that is unknown or has a value that is not acceptable.
    """
    given = {} if options is None else options.model_dump(exclude_unset=True)
    return validated(RunOptions, {**given, **run}, where="The run")
