"""vla_gym: the place where robot policies are compared.

Importing it registers every environment of every installed plugin with Gymnasium; nothing heavy
is imported until an environment or a policy is made.
"""

from typing import TYPE_CHECKING, Any

import vla_gym.start  # noqa: F401 (before everything else)

# isort: split
from vla_gym.env.registration import register_all
from vla_gym.plugins import hookimpl

if TYPE_CHECKING:
    from vla_gym.collection.collect import collect
    from vla_gym.collection.whole import record
    from vla_gym.conformance import check_env, check_policy
    from vla_gym.datasets import load_dataset
    from vla_gym.grid import matrix
    from vla_gym.results import Results, load_results, score
    from vla_gym.runner.evaluation import evaluate
    from vla_gym.runner.options import RunOptions
    from vla_gym.suites import Suite, load_suite
    from vla_gym.training.run import train

__version__ = "0.1.0"

__all__ = [
    "Results",
    "RunOptions",
    "Suite",
    "__version__",
    "check_env",
    "check_policy",
    "collect",
    "evaluate",
    "hookimpl",
    "load_dataset",
    "load_results",
    "load_suite",
    "matrix",
    "record",
    "score",
    "train",
]

_LAZY = {
    "Results": "vla_gym.results:Results",
    "RunOptions": "vla_gym.runner.options:RunOptions",
    "Suite": "vla_gym.suites:Suite",
    "check_env": "vla_gym.conformance:check_env",
    "check_policy": "vla_gym.conformance:check_policy",
    "collect": "vla_gym.collection.collect:collect",
    "evaluate": "vla_gym.runner.evaluation:evaluate",
    "load_dataset": "vla_gym.datasets:load_dataset",
    "load_results": "vla_gym.results:load_results",
    "load_suite": "vla_gym.suites:load_suite",
    "matrix": "vla_gym.grid:matrix",
    "record": "vla_gym.collection.whole:record",
    "score": "vla_gym.results:score",
    "train": "vla_gym.training.run:train",
}


def __getattr__(name: str) -> Any:
    """Import the public functions on first use, so that ``import vla_gym`` stays fast."""
    if name not in _LAZY:
        raise AttributeError(f"module 'vla_gym' has no attribute {name!r}")
    from vla_gym.registry import load_target

    return load_target(_LAZY[name])


register_all()
