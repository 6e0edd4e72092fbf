"""What the references do to a gripper number comes out of the presets of their robots."""

from __future__ import annotations

import pytest
from vla_gym_robovlms.robots import ROBOTS

from vla_gym.contract import EnvContract, GripperSpec
from vla_gym.contract.gripper import GripperConverter, GripperState

TASKS = {"widowx": "widowx_stack_cube", "google-robot": "google_robot_move_near"}


def run(robot: str, values: list[float]) -> list[float]:
    """Return what the environment of a robot gets for the outputs of a policy."""
    spec = pytest.importorskip("vla_gym_simpler.spec")
    contract: EnvContract = spec.env_contract(task=TASKS[robot])
    theirs = contract.action.find(GripperSpec)
    converter = GripperConverter(ROBOTS[robot].find(GripperSpec), theirs)
    state, out = GripperState(), []
    for value in values:
        number, state = converter.step(value, state)
        out.append(number)
    return out


def test_the_google_robot_repeats_a_change_of_the_gripper_once() -> None:
    assert run("google-robot", [0.9, 0.1, 0.1, 0.1])[1:] == [1.0, 1.0, 0.0]


def test_the_widowx_opens_after_two_decisions_in_a_row() -> None:
    assert run("widowx", [0.9, 0.9, 0.1, 0.9]) == [-1.0, 1.0, -1.0, -1.0]
