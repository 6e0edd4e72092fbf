"""From an ``InitialState`` to a world that stands still with the robot in it, and steps of it.

A world is built for every episode: nothing of an earlier one can be left in it, so that an episode
is a function of its initial state and actions alone. Objects settle before the robot is there (the
official environments put it 10 m away).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
from vla_gym_sapien.control import (
    Controller,
    PlannedDeltaGripper,
    PlannedDeltaPose,
    PositionGripper,
    TargetDeltaPose,
)
from vla_gym_sapien.grasping import is_grasped
from vla_gym_sapien.interface import (
    Articulation,
    Body,
    Contact,
    Drive,
    Picture,
    RobotModel,
    Solver,
    World,
)
from vla_gym_sapien.poses import F64, Pose

from vla_gym_simpler.assets.model import AssetSet
from vla_gym_simpler.engine import make_engine_world
from vla_gym_simpler.facts import scenes
from vla_gym_simpler.facts.robot import RobotFacts, TargetControl
from vla_gym_simpler.initial import Cabinet, InitialState

ROBOT, CABINET = "robot", "cabinet"
_UPRIGHT_LOCK = (False, False, False, True, True, False)
_FREE = (False,) * 6
_SETTLE, _SETTLE_LONGER = 0.5, 1.5  # s
_STILL_LINEAR, _STILL_ANGULAR = 1e-3, 1e-2  # m/s and rad/s, summed over objects


class Simulation:
    """One episode's world.

    Attributes:
        initial: What it was built from.
        robot: The robot.
        bodies: Objects by name, in the order of the initial state (fixed ones after them).
        cabinet: The station or ``None``.
        settled: Poses of all bodies after settling.
    """

    def __init__(
        self, initial: InitialState, assets: AssetSet, *, engine: str, shader: str
    ) -> None:
        self.initial, self._assets, self._engine, self._shader = initial, assets, engine, shader
        self.cabinet: Articulation | None = None
        self._contacts: list[Contact] | None = None
        self.world = self._make_world(initial.robot.solver(initial.contact_offset))
        self.bodies: Mapping[str, Body] = self._place_objects()
        self.settled: Mapping[str, Pose] = {n: body.pose for n, body in self.bodies.items()}
        self.robot = self._add_robot()
        self.controllers = _controllers(self.robot, initial.robot)
        for controller in self.controllers:
            controller.reset()

    def act(self, action: npt.NDArray[np.floating]) -> None:
        """Execute one action ``(7,)``."""
        values = np.asarray(action, dtype=np.float64)
        arm, gripper = self.controllers
        arm.begin(values[:6])
        gripper.begin(values[6:])
        robot, world = self.robot, self.world
        for step in range(1, self.initial.robot.steps + 1):
            arm.advance(step)
            gripper.advance(step)
            robot.compensate()
            world.step()
        self._contacts = None

    def contacts(self) -> list[Contact]:
        """Return what touches now (read once a step)."""
        if self._contacts is None:
            self._contacts = self.world.contacts()
        return self._contacts

    def grasps(self, body: str) -> bool:
        """Whether the gripper holds a body, by the robot's official test."""
        facts = self.initial.robot
        return is_grasped(
            self.robot, facts.fingers, self.contacts(), body, max_degrees=facts.grasp_degrees
        )

    def centre(self, body: str) -> Pose:
        """Return the world pose of a body's centre of mass frame."""
        return self.bodies[body].pose * self.bodies[body].centre_of_mass

    def hand(self) -> Pose:
        """Return the world pose of the hand (tool centre point)."""
        return self.robot.link_pose(self.initial.robot.hand)

    def state(self) -> dict[str, F64]:
        """Return everything, under the names of the recordings of the official environments."""
        hand, robot = self.hand(), self.robot
        state = {
            "qpos": robot.qpos,
            "qvel": robot.qvel,
            "tcp": hand.array(),
            "tcp_at_base": (robot.base.inverse() * hand).array(),
            "drive_target": robot.targets,
        }
        for name, body in self.bodies.items():
            state[f"actor:{name}"] = body.pose.array()
            state[f"cmass_local:{name}"] = body.centre_of_mass.array()
        if self.cabinet is not None:
            state["art_qpos:cabinet"] = self.cabinet.qpos
            state["art_pose:cabinet"] = self.cabinet.base.array()
            for link in self.cabinet.links:
                state[f"link:cabinet/{link}"] = self.cabinet.link_pose(link).array()
        return state

    def picture(self, size: tuple[int, int]) -> Picture:
        """Take the official camera's picture at (height, width)."""
        labels = bool(self.initial.photo)
        return self.world.picture(ROBOT, self.initial.robot.camera, size, labels=labels)

    def in_front(self, name: str) -> bool:
        """Whether something is drawn over the photograph."""
        return name not in self._background

    def close(self) -> None:
        """Free the world."""
        self.world.close()

    @cached_property
    def _background(self) -> frozenset[str]:
        return frozenset(("arena", "floor", *self.initial.behind))

    def _make_world(self, used: Solver) -> World:
        """Return a world with everything but objects and robot."""
        initial = self.initial
        world = make_engine_world(self._engine, used, shader=self._shader)
        world.set_lighting(initial.lighting)
        for model, pose in self._assets.arena(initial.arena, initial.background):
            world.add_body(model, pose)
        if initial.cabinet is not None:
            self.cabinet = self._add_cabinet(world, initial.cabinet)
        return world

    def _add_cabinet(self, world: World, station: Cabinet) -> Articulation:
        joints = scenes.CABINET_JOINTS
        urdf = self._assets.station(station.station)
        model = RobotModel(CABINET, urdf, joints, friction=scenes.CABINET_FRICTION)
        cabinet = world.add_articulation(model, Pose.of(scenes.CABINET_POSE))
        drive = Drive(0.0, scenes.CABINET_DAMPING, float(np.finfo(np.float32).max))
        cabinet.set_drives(dict.fromkeys(joints, drive))
        cabinet.qpos = np.array([station.opened.get(joint, 0.0) for joint in joints])
        return cabinet

    def _place_objects(self) -> dict[str, Body]:
        """Return the objects, settled.

        They settle under the official solver; where the robot needs another one, they are put
        into its world as they came to rest.
        """
        initial = self.initial
        official = initial.robot.settling_solver(initial.contact_offset)
        if not initial.objects or official == initial.robot.solver(initial.contact_offset):
            return self._drop(self.world)
        cabinet = self.cabinet
        world = self._make_world(official)
        self.cabinet = cabinet
        rest = {name: (body.pose, body.velocity) for name, body in self._drop(world).items()}
        world.close()
        bodies = {name: self._add_object(self.world, name, rest[name][0]) for name in rest}
        for name, body in bodies.items():
            body.move(*rest[name][1])
        for name, _ in initial.fixed:
            bodies[name].lock((True,) * 6)
        return bodies

    def _drop(self, world: World) -> dict[str, Body]:
        """Let all objects fall, and fix what is fixed."""
        initial, bodies = self.initial, {}
        for name, pose in initial.fixed:
            bodies[name] = self._add_object(world, name, pose)
            bodies[name].lock((True,) * 6)
        height = scenes.TABLE_REFERENCE + scenes.DROP_HEIGHT
        for group in [initial.objects] if initial.together else [(one,) for one in initial.objects]:
            for placed in group:
                pose = Pose.of((*placed.xy, height), placed.q)
                bodies[placed.model] = self._add_object(world, placed.model, pose)
            self._settle(world, [bodies[placed.model] for placed in group])
        order = [placed.model for placed in initial.objects] + [name for name, _ in initial.fixed]
        return {name: bodies[name] for name in order}

    def _add_object(self, world: World, name: str, pose: Pose) -> Body:
        placed = next((p for p in self.initial.objects if p.model == name), None)
        density = placed.density if placed else None
        return world.add_body(self._assets.body(name, density, matte=self.initial.matte), pose)

    def _settle(self, world: World, bodies: list[Body]) -> None:
        for body in bodies:
            body.lock(_UPRIGHT_LOCK)
        self._wait(world, _SETTLE)
        for body in bodies:
            body.lock(_FREE)
            body.pose = body.pose  # setting the pose wakes it up
            body.move(np.zeros(3), np.zeros(3))
        self._wait(world, _SETTLE)
        speeds = [body.velocity for body in bodies]
        linear = sum(float(np.linalg.norm(v)) for v, _ in speeds)
        angular = sum(float(np.linalg.norm(w)) for _, w in speeds)
        if linear > _STILL_LINEAR or angular > _STILL_ANGULAR:
            self._wait(world, _SETTLE_LONGER)

    def _wait(self, world: World, seconds: float) -> None:
        for _ in range(int(self.initial.robot.step_hz * seconds)):
            world.step()

    def _add_robot(self) -> Articulation:
        initial, facts = self.initial, self.initial.robot
        model = RobotModel(
            ROBOT,
            self._assets.robot(facts, initial.version),
            facts.joints,
            surfaces=facts.surfaces,
            collision_groups=facts.collision_groups,
            shiny=initial.shiny,
        )
        robot = self.world.add_articulation(model, initial.base)
        robot.set_drives(facts.drives)
        robot.qpos = np.array(initial.posture)
        return robot


def _controllers(robot: Articulation, facts: RobotFacts) -> tuple[Controller, Controller]:
    """Return the arm's and the gripper's controller."""
    control = facts.control
    if isinstance(control, TargetControl):
        return (
            TargetDeltaPose(robot, facts.hand, facts.moving),
            PositionGripper(robot, facts.finger_joints, closed=control.closed, open=control.open),
        )
    hz, joints = facts.step_hz, facts.finger_joints
    return (
        PlannedDeltaPose(
            robot, facts.hand, facts.moving, limits=control.arm, hz=hz, steps=facts.steps
        ),
        PlannedDeltaGripper(robot, joints, control.command, limits=control.fingers, hz=hz),
    )
