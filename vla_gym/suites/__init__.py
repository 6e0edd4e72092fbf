"""Episodes, suites and protocols; loading them by name or by path."""

from vla_gym.suites.loader import load_suite, suite_defaults, suite_options
from vla_gym.suites.spec import (
    EpisodeSpec,
    Protocol,
    PublishedRow,
    SubTask,
    Suite,
    digest,
    jsonable,
)

__all__ = [
    "EpisodeSpec",
    "Protocol",
    "PublishedRow",
    "SubTask",
    "Suite",
    "digest",
    "jsonable",
    "load_suite",
    "suite_defaults",
    "suite_options",
]
