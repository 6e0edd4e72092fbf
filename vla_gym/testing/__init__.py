"""A world, a policy and a suite without dependencies: for tests of plugins and of vla_gym itself.

The world is registered with Gymnasium by importing ``vla_gym.testing.mock_env`` and by nothing
else, so users never meet it; its id names that module, hence workers find it as well.
"""

from vla_gym.testing.mock_env import ENV_ID, TASKS, MockWorld, mock_contract
from vla_gym.testing.mock_two_arms import (
    TWO_ARMS_ID,
    MockTwoArms,
    TwoArmExpert,
    two_arm_contract,
)
from vla_gym.testing.policy import MockPolicy, PolicyFault
from vla_gym.testing.suite import mock_suite, two_arm_suite
from vla_gym.testing.thread_workers import ThreadWorkers

__all__ = [
    "ENV_ID",
    "TASKS",
    "TWO_ARMS_ID",
    "MockPolicy",
    "MockTwoArms",
    "MockWorld",
    "PolicyFault",
    "ThreadWorkers",
    "TwoArmExpert",
    "mock_contract",
    "mock_suite",
    "two_arm_contract",
    "two_arm_suite",
]
