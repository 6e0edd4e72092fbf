"""vla_gym: the place where robot policies are compared.

Importing it registers every environment of every installed plugin with Gymnasium; nothing heavy
is imported until an environment or a policy is made.
"""

from typing import Any

from vla_gym.env.registration import register_all
from vla_gym.plugins import hookimpl

__version__ = "0.1.0"

__all__ = ["__version__", "evaluate", "hookimpl", "load_results", "load_suite"]

_LAZY = {
    "evaluate": "vla_gym.runner:evaluate",
    "load_results": "vla_gym.results:load_results",
    "load_suite": "vla_gym.suites:load_suite",
}


def __getattr__(name: str) -> Any:
    """Import the public functions on first use, so that ``import vla_gym`` stays fast."""
    if name not in _LAZY:
        raise AttributeError(f"module 'vla_gym' has no attribute {name!r}")
    from vla_gym.registry import load_target

    return load_target(_LAZY[name])


register_all()
