"""Is the world sound? Grasps hold, nothing falls through, joints and gripper reach their ends."""

from __future__ import annotations

import numpy as np
import pytest
from vla_gym_bdr import facts
from vla_gym_bdr.initial import InitialState, initial_state
from vla_gym_bdr.objects import OBJECTS
from vla_gym_bdr.objects.fixtures import FIXTURES
from vla_gym_bdr.policies.hand import Hand
from vla_gym_bdr.policies.skills import SKILLS
from vla_gym_bdr.simulation import Simulation
from vla_gym_bdr.tasks.layout import Placed
from vla_gym_bdr.tasks.model import Goal
from vla_gym_bdr.tasks.reading import task_named
from vla_gym_sapien.poses import Pose

pytest.importorskip("sapien")

CLOSE, OPEN = -1.0, 1.0
SECOND = facts.CONTROL_HZ


def world(*placed: Placed, **goal: str) -> Simulation:
    return Simulation(InitialState("", Goal(**(goal or {"picked": "red_mug"})), placed))


def still(gripper: float) -> np.ndarray:
    return np.array([0, 0, 0, 0, 0, 0, gripper])


def pads(simulation: Simulation) -> float:
    """Return the opening between the pads, m, from the poses of the finger tips."""
    left, right = (
        simulation.robot.link_pose(f"robotiq_85_{side}_finger_tip_link").p
        for side in ("left", "right")
    )
    return float(np.linalg.norm(left - right)) - 2 * 0.0252586  # from a tip's frame to its pad


def grasped(name: str = "red_mug") -> Simulation:
    """Return a world in which an object has been taken and lifted by 12 cm."""
    simulation = world(Placed(name, Pose.of((0.48, 0.0, 0.002))), picked=name)
    scene = {"verb": "picked", "subject": name, "target": ""}
    hand = Hand(scene, simulation.state())
    motion = SKILLS["picked"](hand)
    for _ in range(60):
        hand.look(scene, simulation.state())
        simulation.act(next(motion))
    assert simulation.held(name)
    assert simulation.bodies[name].pose.p[2] > 0.08
    return simulation


def test_the_gripper_reaches_both_ends_of_its_stroke() -> None:
    simulation = world()
    assert pads(simulation) == pytest.approx(facts.STROKE, abs=0.001)
    for _ in range(SECOND):
        simulation.act(still(CLOSE))
    assert pads(simulation) == pytest.approx(0.0, abs=0.001)
    for _ in range(SECOND):
        simulation.act(still(OPEN))
    assert pads(simulation) == pytest.approx(facts.STROKE, abs=0.001)


def test_a_grasped_object_does_not_slip_in_five_seconds() -> None:
    simulation = grasped()
    before = simulation.hand().inverse() * simulation.bodies["red_mug"].pose
    for _ in range(5 * SECOND):
        simulation.act(still(CLOSE))
    after = simulation.hand().inverse() * simulation.bodies["red_mug"].pose
    assert np.linalg.norm(after.p - before.p) < 0.003


def test_a_held_mug_that_is_moved_fast_stays() -> None:
    simulation = grasped()
    before = simulation.hand().inverse() * simulation.bodies["red_mug"].pose
    for k in range(16):
        side = 1.0 if k // 4 % 2 == 0 else -1.0
        simulation.act(np.array([0, side, 0, 0, 0, 0, CLOSE]))
    after = simulation.hand().inverse() * simulation.bodies["red_mug"].pose
    assert simulation.held("red_mug")
    assert np.linalg.norm(after.p - before.p) < 0.010


def test_nothing_falls_through_the_table_or_moves_by_itself() -> None:
    names = sorted(OBJECTS)
    for part in (names[k::4] for k in range(4)):
        placed = [
            Placed(name, Pose.of((0.2 + 0.35 * (k % 3), -0.6 + 0.28 * (k // 3), 0.002)))
            for k, name in enumerate(part)
        ]
        simulation = world(*placed)
        for _ in range(2 * SECOND):
            simulation.act(still(OPEN))
        for one in placed:
            moved = simulation.bodies[one.name].pose.p - one.pose.p
            assert abs(moved[2]) < 0.012, one.name
            assert np.linalg.norm(moved[:2]) < 0.012, one.name
        simulation.close()


@pytest.mark.parametrize("name", FIXTURES)
def test_joints_reach_their_limits_and_go_no_further(name: str) -> None:
    fixture = FIXTURES[name]
    for share in (0.0, 1.0):
        simulation = world(Placed(name, Pose.of((0.69, 0.0, 0.0)), share=share))
        item = simulation.furniture[name]
        expected = 0.0 if name == "toaster" else share
        assert item.qpos[0] / fixture.joint.reach == pytest.approx(expected, abs=0.03)
        item.qvel = np.array([(1.0 if share else -1.0) * 3.0])
        simulation.act(still(OPEN))
        assert -0.02 <= item.qpos[0] / fixture.joint.reach <= 1.02
        simulation.close()


def test_replayed_actions_give_the_same_states_in_a_fresh_and_in_a_used_environment() -> None:
    from vla_gym_bdr.env import BdrEnv

    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (12, 7))
    used, fresh = (BdrEnv(task="PickUpCucumber", cameras=()) for _ in range(2))
    used.reset(seed=5)
    used.step_chunk(actions[::-1])
    traces = []
    for env in (used, fresh):
        env.reset(seed=3)
        states = []
        for action in actions:
            env.step(action)
            states.append(np.concatenate([*env.state().values()]))
        traces.append(np.array(states))
        env.close()
    np.testing.assert_array_equal(traces[0], traces[1])


def test_a_beginning_is_at_rest() -> None:
    simulation = Simulation(initial_state(task_named("PickUpRedApple"), "unseen-distractor", 2))
    for name, body in simulation.bodies.items():
        assert np.linalg.norm(body.velocity[0]) < 0.01, name
