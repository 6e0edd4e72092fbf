"""Running a policy over a suite: workers, batches, journal, resume.

Nothing is imported here until it is asked for, because worker processes import this package too
and must stay small.
"""

from typing import Any

__all__ = ["evaluate"]


def __getattr__(name: str) -> Any:
    """Import ``evaluate`` on first use."""
    if name == "evaluate":
        from vla_gym.runner.evaluation import evaluate

        return evaluate
    raise AttributeError(f"module 'vla_gym.runner' has no attribute {name!r}")
