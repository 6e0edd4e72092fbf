"""From the beginning of an episode to a world that stands still, and steps of it.

A world is built for every episode, which is a function of its beginning and its actions alone.
Things come to rest before the robot is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from vla_gym_sapien.interface import (
    Articulation,
    Body,
    BodyModel,
    CameraModel,
    Contact,
    Light,
    Lighting,
    Look,
    Shape,
    Solver,
    Surface,
    World,
)
from vla_gym_sapien.poses import F64, Pose

from vla_gym_bdr import facts, robot
from vla_gym_bdr.control import DeltaPose, TwoFinger
from vla_gym_bdr.initial import InitialState
from vla_gym_bdr.objects import OBJECTS
from vla_gym_bdr.objects.fixtures import FIXTURES
from vla_gym_bdr.objects.textures import picture
from vla_gym_bdr.tasks.layout import Placed

SOLVER = Solver(facts.STEP_HZ, contact_offset=0.01)
_LIGHTING = Lighting(
    (0.42, 0.42, 0.42),
    (
        Light((0.4, -0.5, -1.0), (1.5, 1.45, 1.35), shadow=True),
        Light((-0.5, 0.6, -0.8), (0.5, 0.5, 0.55)),
    ),
)
_WALL = Look((0.70, 0.72, 0.74), roughness=1.0, specular=0.0)
_FLOOR = Look((0.32, 0.30, 0.29), roughness=1.0, specular=0.0)
_CLOTH_HALF = (0.33, 0.42, 0.0006)
_TOUCH = 1e-5  # N s


class Simulation:
    """One episode's world.

    Attributes:
        initial: What it was built from.
        bodies: Objects by name.
        furniture: Articulations by name.
        robot: The arm with its gripper.
        settled: Poses of the bodies before the first action.
    """

    def __init__(self, initial: InitialState, *, shader: str = "default") -> None:
        from vla_gym_sapien.sapien3 import make_world

        self.initial = initial
        self.world: World = make_world(SOLVER, shader=shader)
        self.world.set_lighting(_LIGHTING)
        for model, pose in _room(initial.cloth):
            self.world.add_body(model, pose)
        self.furniture: Mapping[str, Articulation] = {
            placed.name: self._add_fixture(placed)
            for placed in initial.placed
            if placed.name in FIXTURES
        }
        self.bodies: Mapping[str, Body] = {
            placed.name: self.world.add_body(OBJECTS[placed.name].body(placed.name), placed.pose)
            for placed in initial.placed
            if placed.name in OBJECTS
        }
        for _ in range(facts.SETTLE_STEPS):
            self.world.step()
        self.settled = {name: body.pose for name, body in self.bodies.items()}
        self.robot = self.world.add_articulation(robot.model(), Pose.of())
        self.robot.set_drives(robot.drives())
        self.robot.qpos = robot.home()
        self.arm, self.gripper = DeltaPose(self.robot), TwoFinger(self.robot)
        self.arm.reset()
        self.gripper.reset()
        self._contacts: list[Contact] | None = None

    def act(self, action: npt.NDArray[np.floating]) -> None:
        """Execute one action ``(7,)``, clipped to [-1, 1]."""
        values = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        scale = np.repeat([facts.METERS_PER_UNIT, facts.RADIANS_PER_UNIT], 3)
        self.arm.begin(values[:6] * scale)
        self.gripper.begin(values[6:])
        for step in range(1, facts.STEPS + 1):
            self.arm.advance(step)
            self.gripper.advance(step)
            self.robot.compensate()
            self.world.step()
        self._contacts = None

    def contacts(self) -> Sequence[Contact]:
        """Return what touches now (read once an action)."""
        if self._contacts is None:
            found = self.world.contacts()
            self._contacts = [c for c in found if np.linalg.norm(c.impulse) > _TOUCH]
        return self._contacts

    def touching(self, name: str) -> set[str]:
        """Return the names of everything that touches a body or a link."""
        return {
            other
            for contact in self.contacts()
            for one, other in (
                (contact.first, contact.second),
                (contact.second, contact.first),
            )
            if one == name
        }

    def held(self, name: str) -> bool:
        """Whether both fingers touch a body or a link (``furniture/part``)."""
        touching = self.touching(name)
        return all(touching & set(finger) for finger in robot.FINGERS)

    def touched_by_robot(self, name: str) -> bool:
        """Whether any link of the robot touches a body or a link."""
        return any(other.startswith(f"{robot.ROBOT}/") for other in self.touching(name))

    def hand(self) -> Pose:
        """Return the world pose of the tool."""
        return self.robot.link_pose(facts.HAND)

    def share(self, name: str) -> float:
        """Return how far the joint of a piece of furniture is open (or pressed)."""
        reach = FIXTURES[name].joint.reach
        return float(self.furniture[name].qpos[0] / reach)

    def level(self, name: str) -> Pose:
        """Return the world frame of the level that things can be put on."""
        if name in FIXTURES:
            fixture = FIXTURES[name]
            middle = Pose.of((0.1, 0.0, 0.0)) if fixture.joint.kind == "prismatic" else Pose.of()
            return self.furniture[name].link_pose("part") * middle
        return self.bodies[name].pose

    def state(self) -> dict[str, F64]:
        """Return everything by name.

        ``qpos``, ``qvel``, ``drive_target`` (robot), ``tcp`` and ``commanded`` (``[x, y, z, qw, qx,
        qy, qz]``), ``gripper`` (opening), ``object:NAME`` (pose), ``velocity:NAME``,
        ``joint:NAME`` (position of furniture), ``base:NAME``.
        """
        state = {
            "qpos": self.robot.qpos,
            "qvel": self.robot.qvel,
            "drive_target": self.robot.targets,
            "tcp": self.hand().array(),
            "commanded": self.arm.commanded.array(),
            "gripper": np.array([self.gripper.opening]),
        }
        for name, body in self.bodies.items():
            state[f"object:{name}"] = body.pose.array()
            state[f"velocity:{name}"] = np.concatenate(body.velocity)
        for name, item in self.furniture.items():
            state[f"joint:{name}"] = item.qpos
            state[f"base:{name}"] = item.base.array()
        return state

    def picture(self, camera: CameraModel, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """Take a picture of (height, width)."""
        return self.world.picture(robot.ROBOT, camera, size, labels=False).rgb

    def close(self) -> None:
        """Free the world."""
        self.world.close()

    def _add_fixture(self, placed: Placed) -> Articulation:
        fixture = FIXTURES[placed.name]
        item = self.world.add_articulation(fixture.model(), placed.pose)
        item.set_drives(fixture.drives())
        item.qpos = np.array([placed.share * fixture.joint.reach])
        return item


def _room(cloth: str) -> list[tuple[BodyModel, Pose]]:
    """Return the table with its cloth, floor and walls."""
    (x0, x1), (y0, y1) = facts.TABLE_X, facts.TABLE_Y
    half = ((x1 - x0) / 2, (y1 - y0) / 2, 0.02)
    wood = Look(texture=picture("wood"), roughness=0.8, specular=0.1)
    top = Shape("box", half, look=wood)
    table = BodyModel("table", (top,), (top,), surface=Surface(facts.TABLE_FRICTION), static=True)
    room = (
        Shape("box", (0.02, 3.0, 2.0), pose=Pose.of((2.2, 0.0, 0.8)), look=_WALL),
        Shape("box", (3.0, 0.02, 2.0), pose=Pose.of((0.0, -2.2, 0.8)), look=_WALL),
        Shape("box", (3.0, 3.0, 0.01), pose=Pose.of((0.0, 0.0, -0.78)), look=_FLOOR),
    )
    parts = [
        (table, Pose.of(((x0 + x1) / 2, (y0 + y1) / 2, -0.02))),
        (BodyModel("room", (), room, static=True), Pose.of()),
    ]
    if cloth:
        look = Look(texture=picture(cloth), roughness=1.0, specular=0.0)
        sheet = Shape("box", _CLOTH_HALF, look=look)
        parts.append((BodyModel("cloth", (), (sheet,), static=True), Pose.of((0.53, 0.0, 0.0))))
    return parts
