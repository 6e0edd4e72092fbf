"""A world, a policy and a suite without dependencies: for tests of plugins and of vla_gym itself.

The world is registered with Gymnasium by importing ``vla_gym.testing.world`` and by nothing else,
so users never meet it; its id names that module, hence workers find it as well.
"""

from vla_gym.testing.policy import MockPolicy
from vla_gym.testing.suite import mock_suite
from vla_gym.testing.threads import ThreadWorkers
from vla_gym.testing.world import ENV_ID, TASKS, MockWorld, mock_contract

__all__ = [
    "ENV_ID",
    "TASKS",
    "MockPolicy",
    "MockWorld",
    "ThreadWorkers",
    "mock_contract",
    "mock_suite",
]
