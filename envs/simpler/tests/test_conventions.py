"""What published policies do to a gripper number comes out of their specs."""

from __future__ import annotations

import pytest
from vla_gym_simpler.conventions import GRIPPERS, policy_action
from vla_gym_simpler.spec import action_spec, env_contract

from vla_gym.contract import GripperSpec, PolicySpec, adapt
from vla_gym.contract.gripper import GripperConverter, GripperState
from vla_gym.errors import UnknownNameError

TASK = {"widowx": "widowx_stack_cube", "google_robot": "google_robot_move_near"}


@pytest.mark.parametrize(("family", "robot"), GRIPPERS)
def test_every_convention_fits_its_robot(family, robot) -> None:
    policy = PolicySpec(cameras={}, proprioception=(), action=policy_action(family, robot))
    assert adapt(policy, env_contract(task=TASK[robot])) is not None


def run(family: str, robot: str, values: list[float]) -> list[float]:
    converter = GripperConverter(GRIPPERS[family, robot], action_spec(robot).find(GripperSpec))
    state, out = GripperState(), []
    for value in values:
        number, state = converter.step(value, state)
        out.append(number)
    return out


def test_octo_sticks_for_fifteen_steps() -> None:
    out = run("octo", "google_robot", [1.0, 0.0] + [0.0] * 17)
    assert out[1:16] == [1.0] * 15
    assert out[16:] == [0.0] * 3


def test_a_family_of_another_package_is_not_known_here() -> None:
    with pytest.raises(UnknownNameError, match="Unknown policy convention 'robovlms widowx'"):
        policy_action("robovlms", "widowx")
