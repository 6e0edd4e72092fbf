"""What is said of a robot holds for each of them, without asking which it is."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from vla_gym_sapien.poses import rotate
from vla_gym_simpler.engine import describe_solver
from vla_gym_simpler.facts.robot import RobotFacts
from vla_gym_simpler.facts.robots import ROBOTS
from vla_gym_simpler.facts.tasks import TASKS
from vla_gym_simpler.facts.widowx import WIDOWX, WIDOWX_SINK
from vla_gym_simpler.spec import action_spec, proprioception

from vla_gym.contract import GripperSpec

each_robot = pytest.mark.parametrize("robot", [*ROBOTS.values(), WIDOWX_SINK])


def test_every_task_has_a_robot_that_is_known() -> None:
    assert {facts.robot for facts in TASKS.values()} == set(ROBOTS)


@each_robot
def test_a_robot_is_whole(robot: RobotFacts) -> None:
    assert len(robot.initial) == len(robot.joints)
    assert {*robot.moving, *robot.finger_joints} <= set(robot.joints)
    assert set(robot.drives) == set(robot.joints)
    assert robot.posture({}) == robot.initial
    assert robot.posture({robot.joints[0]: 0.5})[0] == 0.5
    assert robot.steps * robot.control_hz == robot.step_hz


@each_robot
def test_the_opening_goes_from_closed_to_open(robot: RobotFacts) -> None:
    ends = (robot.travel.start, robot.travel.start + robot.travel.length)
    shut, wide = reversed(ends) if robot.travel.closes else ends
    assert robot.travel.opening(shut) == pytest.approx(0.0)
    assert robot.travel.opening(wide) == pytest.approx(1.0)
    assert robot.travel.opening(2 * wide - shut) == 1.0
    start = robot.initial[robot.joints.index(robot.finger_joints[0])]
    assert robot.travel.opening(start) == pytest.approx(1.0), "robots begin with an open hand"


@each_robot
def test_a_robot_faces_the_table_from_its_place(robot: RobotFacts) -> None:
    base = robot.base()
    np.testing.assert_allclose(base.p, robot.place)
    np.testing.assert_allclose(rotate(base.q, np.array([1.0, 0.0, 0.0])), [-1, 0, 0], atol=1e-12)
    moved = robot.base((0.5, 0.1), np.pi / 2)
    np.testing.assert_allclose(moved.p, (0.5, 0.1, robot.place[2]))
    np.testing.assert_allclose(rotate(moved.q, np.array([1.0, 0.0, 0.0])), [0, -1, 0], atol=1e-12)


@each_robot
def test_objects_settle_as_in_the_official_environments(robot: RobotFacts) -> None:
    settling = robot.settling_solver(0.005)
    assert (settling.tgs, settling.substeps, settling.contact_offset) == (True, 1, 0.005)
    assert robot.solver(0.005).step_hz == settling.step_hz


def test_solvers_are_those_of_the_protocols() -> None:
    assert {name: describe_solver(robot) for name, robot in ROBOTS.items()} == {
        "widowx": "tgs, 500 Hz x 1",
        "google_robot": "pgs, 513 Hz x 4",
    }


def test_at_the_sink_only_place_posture_and_camera_differ() -> None:
    differ = {name for name in vars(WIDOWX) if vars(WIDOWX)[name] != vars(WIDOWX_SINK)[name]}
    assert differ == {"place", "initial", "camera"}


@pytest.mark.parametrize("name", ROBOTS)
def test_the_contract_says_what_the_facts_say(name: str) -> None:
    robot = ROBOTS[name]
    assert action_spec(name).control_hz == robot.control_hz
    assert action_spec(name).find(GripperSpec) == robot.gripper
    assert proprioception(name)[-1].size == len(robot.joints)


def test_asking_for_a_contract_imports_no_simulator() -> None:
    program = (
        "import sys, vla_gym_simpler.spec as s\n"
        "s.env_contract(task='google_robot_open_drawer', drawer='top')\n"
        "print({'sapien', 'scipy', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
