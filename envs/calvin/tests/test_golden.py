"""The official environment's recordings, bit for bit, in worlds that have already been used.

The recordings were made in fresh processes. All cases of a scene are replayed here in one world,
one after the other and in any order, which the official environment cannot do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.success import fulfilled
from vla_gym_calvin.world import World

GOLDEN = Path(__file__).parents[4] / "shared" / "golden" / "calvin"
CASES = [
    f"{scene}/{file.stem}"
    for scene in ("A", "D")
    for kind in ("case", "extra", "task")
    for file in sorted((GOLDEN / f"scene_{scene}").glob(f"{kind}_*.npz"))
]


@pytest.fixture(scope="module")
def worlds(_official_for_session: None) -> Iterator[dict[str, World]]:
    made = {s: World(scene_assets(s, "official"), button_reset="main") for s in ("A", "D")}
    yield made
    for world in made.values():
        world.close()


@pytest.mark.parametrize("name", CASES)
def test_states_joint_targets_and_tasks_equal_the_recording(
    name, worlds, load_case, golden_task_names
):
    world, case = worlds[name[0]], load_case(name)
    world.reset(case["init_robot_obs"], case["init_scene_obs"])
    np.testing.assert_array_equal(world.robot_obs(), case["reset_robot_obs"])
    np.testing.assert_array_equal(world.scene_obs(), case["reset_scene_obs"])
    flags = np.unpackbits(case["task_done"], axis=1)[:, : len(golden_task_names)]
    start, start_step = world.task_state().freeze(), int(case.get("start_step", 0))
    for step, action in enumerate(case["actions"]):
        if step == start_step:
            start = world.task_state().freeze()
        world.step(action)
        np.testing.assert_array_equal(world.robot_obs(), case["robot_obs"][step], f"step {step}")
        np.testing.assert_array_equal(world.scene_obs(), case["scene_obs"][step], f"step {step}")
        if "ik_joint_targets" in case:
            np.testing.assert_array_equal(world.robot.joint_targets, case["ik_joint_targets"][step])
        done = sorted(golden_task_names[i] for i in np.flatnonzero(flags[step]))
        assert fulfilled(start, world.task_state()) == done, f"step {step}"


def test_the_recordings_are_there_or_the_skip_is_reported():
    if not CASES:
        pytest.skip(f"the recordings are not in {GOLDEN}")
    assert len(CASES) == 74
