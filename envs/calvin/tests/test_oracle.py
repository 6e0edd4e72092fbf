"""The scripted expert solves every task, in every scene, and never loses track of its command."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from vla_gym_calvin import facts
from vla_gym_calvin.initial import initial_state
from vla_gym_calvin.policies.disturbance import Disturbance
from vla_gym_calvin.policies.grasping import choose_grasp, finger_room
from vla_gym_calvin.policies.oracle import CalvinOracle, Expert
from vla_gym_calvin.policies.poses import euler_angles, pointing_down, rotation_matrix, unwrap
from vla_gym_calvin.policies.scene_view import SceneView
from vla_gym_calvin.policies.skills import SKILLS
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.sequences import EvalSequence, eval_sequences
from vla_gym_calvin.success import is_fulfilled
from vla_gym_calvin.world import World

from vla_gym.contract import Batch, Slot
from vla_gym.errors import PolicyError
from vla_gym.runner.evaluation import evaluate
from vla_gym.suites import load_suite

Info = dict[str, object]


def info(world: World, task: str) -> Info:
    return {"robot_obs": world.robot_obs(), "scene_obs": world.scene_obs(), "task": task}


def solve(world: World, expert: Expert, task: str) -> bool:
    """Let the expert work on a task; say whether it was done within the limit."""
    expert.begin()
    start = world.task_state().freeze()
    for _ in range(facts.MAX_STEPS):
        action = expert.action(info(world, task))
        assert np.abs(action).max() <= 1 + 1e-9
        world.step(action)
        if is_fulfilled(task, start, world.task_state()):
            return True
    return False


def run_chain(sequence: EvalSequence, scene: str = "D") -> list[str]:
    """Return the tasks of a chain that were solved, up to the first failure."""
    world = World(scene_assets(scene, "builtin"))
    try:
        start = initial_state(sequence.initial, scene=scene)
        world.reset(start.robot_obs, start.scene_obs)
        expert = Expert(scene, Disturbance(0.0, 0))
        solved = []
        for task in sequence.tasks:
            if not solve(world, expert, task):
                break
            solved.append(task)
        return solved
    finally:
        world.close()


def covering_chains(sequences: Sequence[EvalSequence]) -> list[EvalSequence]:
    """Return few chains in which all 34 tasks occur.

    Unstacking comes last in them: it leaves a block in the air, from where some tasks cannot start.
    """
    sequences = [s for s in sequences if "unstack_block" not in s.tasks[:-1]]
    missing, chosen = set(facts.TASKS), []
    while missing:
        best = max(sequences, key=lambda sequence: len(missing & set(sequence.tasks)))
        chosen.append(best)
        missing -= set(best.tasks)
    return chosen


def test_there_is_a_skill_for_every_task():
    assert set(SKILLS) == set(facts.TASKS)


@pytest.mark.parametrize(
    "sequence",
    [
        pytest.param(sequence, id=sequence.tasks[0], marks=[pytest.mark.full] if index > 2 else [])
        for index, sequence in enumerate(covering_chains(eval_sequences()[:500]))
    ],
)
def test_every_task_is_solved_in_chains_of_five(sequence):
    assert run_chain(sequence) == list(sequence.tasks)


@pytest.mark.parametrize(
    "scene", ["A", *(pytest.param(scene, marks=pytest.mark.full) for scene in "BC")]
)
def test_chains_are_solved_in_the_other_scenes(scene):
    sequence = eval_sequences()[4]
    assert run_chain(sequence, scene) == list(sequence.tasks)


def test_the_arm_knows_what_the_environment_was_commanded():
    world = World(scene_assets("D", "builtin"))
    try:
        start = initial_state(eval_sequences()[0].initial)
        world.reset(start.robot_obs, start.scene_obs)
        policy = CalvinOracle()
        for subtask, task in enumerate(("open_drawer", "move_slider_right")):
            slot = Slot(3, subtask=subtask, env_kwargs={"scene": "D"})
            policy.reset([slot])
            for _ in range(20):
                batch = Batch([slot], {}, np.zeros((1, 0), np.float32), [""], [info(world, task)])
                world.step(policy.act(batch)[0, 0])
        arm = policy._experts[slot.id]._arm
        assert arm is not None
        np.testing.assert_allclose(arm.position, world.robot.target_position, atol=1e-9)
        np.testing.assert_allclose(arm.euler, world.robot.target_euler, atol=1e-9)
    finally:
        world.close()


def test_an_unknown_task_is_named():
    view_info = {"robot_obs": np.zeros(15), "scene_obs": np.zeros(24), "task": "fly"}
    with pytest.raises(PolicyError, match="'fly'"):
        Expert("D", Disturbance(0.0, 0)).action(view_info)


def view_with(blocks: dict[str, tuple[float, float, float]]) -> SceneView:
    """Return scene D with blocks at (x, y, yaw) on the table."""
    scene_obs = np.zeros(facts.SCENE_OBS_SIZE)
    poses = scene_obs[6:].reshape(3, 6)
    for (color, _), pose in zip(facts.SCENES["D"].blocks, poses, strict=True):
        x, y, yaw = blocks[color]
        pose[:] = x, y, facts.BLOCK_HEIGHT, 0.0, 0.0, yaw
    return SceneView("D", np.zeros(15), scene_obs)


def test_a_grasp_keeps_the_fingers_off_the_neighbours():
    view = view_with(
        {"blue": (0.1, -0.1, 0.0), "red": (0.165, -0.1, 0.0), "pink": (0.02, -0.1, 0.0)}
    )
    block = view.blocks["blue"]
    grasp = choose_grasp(view, block)
    assert finger_room(view, block, grasp.position, grasp.yaw) > 0
    assert abs(math.cos(grasp.yaw)) > 0.9  # the fingers close along y


def test_a_long_block_is_gripped_across_its_width():
    view = view_with({"blue": (0.3, -0.1, 0.0), "red": (-0.2, -0.1, 0.0), "pink": (0.1, -0.1, 0.4)})
    grasp = choose_grasp(view, view.blocks["pink"])
    assert math.isclose(math.sin(grasp.yaw - 0.4), 0.0, abs_tol=1e-9)


@pytest.mark.parametrize("lean", [(0.0, 0.0), (0.4, 0.0), (0.0, 0.35), (0.2, -0.3)])
def test_leaning_points_the_fingertips_the_right_way(lean):
    matrix = rotation_matrix(pointing_down(0.7, lean=lean))
    tool = matrix[:, 2]
    assert tool[2] < -0.8
    np.testing.assert_array_equal(np.sign(np.round(tool[:2], 6)), np.sign(lean))


def test_angles_and_matrices_are_inverse():
    rng = np.random.default_rng(0)
    for _ in range(20):
        angles = rng.uniform([-3, -1.5, -3], [3, 1.5, 3])
        np.testing.assert_allclose(euler_angles(rotation_matrix(angles)), angles, atol=1e-9)


def test_unwrapped_angles_are_the_same_and_near():
    reference = np.array([3.1, 0.0, 7.0])
    angles = unwrap(np.array([-3.1, 0.1, 0.5]), reference)
    assert np.abs(angles - reference).max() <= math.pi
    np.testing.assert_allclose(np.cos(angles), np.cos([-3.1, 0.1, 0.5]))


@pytest.mark.slow
def test_an_expert_that_can_grip_nothing_gives_up(tmp_path):
    # Sequence 554 of the official ones on the built-in scene: a block comes to lie on its edge.
    suite = load_suite("calvin/ABC-D", {"assets": "builtin"})
    suite = suite.model_copy(update={"episodes": (suite.episodes[554],)})
    results = evaluate("calvin-oracle", suite, tmp_path, workers=1, video="none", progress=False)
    assert not results.errors
    assert results.records[0].solved == 2
