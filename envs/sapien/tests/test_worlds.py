"""What is built in a world has that world's settings, whatever other worlds a process has."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("sapien")

from vla_gym_sapien.interface import BodyModel, Shape, Solver
from vla_gym_sapien.poses import Pose
from vla_gym_sapien.sapien3 import make_world

NEAR, FAR = Solver(500, contact_offset=0.005), Solver(500, contact_offset=0.02)
CUBE = BodyModel("cube", (Shape("box", (0.02, 0.02, 0.02)),), ())


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads take turns after every few instructions."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def contact_offset(world) -> float:
    body = world.add_body(CUBE, Pose.of())
    return float(body.component.collision_shapes[0].contact_offset)


def test_a_world_made_later_changes_nothing_of_an_earlier_one() -> None:
    first, second = make_world(NEAR), make_world(FAR)
    assert contact_offset(first) == pytest.approx(0.005)
    assert contact_offset(second) == pytest.approx(0.02)
    first.close()
    second.close()


@pytest.mark.usefixtures("impatient")
def test_worlds_of_two_threads_keep_their_settings() -> None:
    found: dict[float, set[float]] = {}

    def build(solver: Solver) -> None:
        found[solver.contact_offset] = set()
        for _ in range(200):
            world = make_world(solver)
            found[solver.contact_offset].add(round(contact_offset(world), 6))
            world.close()

    threads = [threading.Thread(target=build, args=(solver,)) for solver in (NEAR, FAR)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0.005: {0.005}, 0.02: {0.02}}
