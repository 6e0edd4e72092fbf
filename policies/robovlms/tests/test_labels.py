"""What the presets learn from recordings of their robots is what an evaluation does with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation as Turn
from vla_gym_robovlms.robots import ROBOTS

from vla_gym.contract import EnvContract, PolicySpec, adapt
from vla_gym.contract.inverse import Labels, invert


def contract_of(robot: str) -> EnvContract:
    if robot == "calvin":
        spec = pytest.importorskip("vla_gym_calvin.spec")
        contract: EnvContract = spec.env_contract()
        return contract
    spec = pytest.importorskip("vla_gym_simpler.spec")
    tasks = {"widowx": "widowx_stack_cube", "google-robot": "google_robot_pick_coke_can"}
    found: EnvContract = spec.env_contract(task=tasks[robot])
    return found


def states(contract: EnvContract, draw: np.random.Generator, length: int) -> np.ndarray:
    """Return a hand that wanders, in the contract's fields ``(T, n)``."""
    places = np.cumsum(draw.normal(0, 0.02, (length, 3)), axis=0) + 0.3
    turns = np.cumsum(draw.normal(0, 0.05, (length, 3)), axis=0)
    columns = {"ee_position": places, "ee_rotation": Turn.from_euler("xyz", turns).as_quat()}
    if contract.proprioception[1].size == 3:
        columns["ee_rotation"] = turns
    rest = {field.name: np.zeros((length, field.size)) for field in contract.proprioception}
    return np.concatenate(list({**rest, **columns}.values()), axis=1)


def grip(robot: str, data: st.DataObject) -> list[float]:
    """Return a gripper that such a policy can command."""
    runs = data.draw(st.lists(st.integers(2, 5), min_size=1, max_size=5))
    if robot != "google-robot":
        return [1.0 if number % 2 else -1.0 for number, run in enumerate(runs) for _ in range(run)]
    values: list[float] = []
    for number, run in enumerate(runs):  # holds, then a push of two steps
        values += [0.0] * run + [1.0 if number % 2 == 0 else -1.0] * 2
    return values


def learned(robot: str, actions: np.ndarray, seen: np.ndarray) -> tuple[Labels, np.ndarray]:
    """Return the labels of an episode, and what an evaluation makes of them."""
    spec = PolicySpec(cameras={}, proprioception=(), action=ROBOTS[robot])
    contract = contract_of(robot)
    labels = invert(spec, contract)(actions, seen)
    episode = adapt(spec, contract).start()
    done = [
        episode.actions(row[None], {"proprioception": state})[0]
        for row, state in zip(labels.actions, seen, strict=True)
    ]
    return labels, np.array(done)


@pytest.mark.parametrize("robot", ROBOTS)
@settings(max_examples=30, deadline=None)
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_an_episode_comes_back(robot: str, data: st.DataObject, seed: int) -> None:
    draw, gripper = np.random.default_rng(seed), grip(robot, data)
    scale = 0.5 if robot == "calvin" else 0.02
    arm = draw.normal(0, scale, (len(gripper), 6))
    actions = np.concatenate([arm, np.array(gripper)[:, None]], axis=1)
    labels, done = learned(robot, actions, states(contract_of(robot), draw, len(gripper)))
    np.testing.assert_allclose(done, actions, atol=1e-8)
    assert labels.exact.all()


def test_calvins_labels_are_the_recorded_numbers() -> None:
    actions: Any = np.random.default_rng(0).uniform(-1, 1, (9, 7)).astype(np.float32)
    actions[:, 6] = np.sign(actions[:, 6])
    contract = contract_of("calvin")
    seen = states(contract, np.random.default_rng(1), 9)
    labels, _ = learned("calvin", actions, seen)
    assert labels.actions[:, :6].astype(np.float32).tobytes() == actions[:, :6].tobytes()
    assert labels.actions[:, 6].tolist() == (actions[:, 6] > 0).tolist()
