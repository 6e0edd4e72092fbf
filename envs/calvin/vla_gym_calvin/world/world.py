"""The physics of a CALVIN scene, without pictures.

The official environment is not pure: contacts, solver state and button memory of an episode leak
into the next one. Here every reset clears the client and loads the world again from copies
without visuals, which takes milliseconds; an episode therefore equals one in a fresh process bit
for bit. Pictures are made elsewhere, from ``visual_state``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pybullet

from vla_gym.errors import OptionError
from vla_gym_calvin import facts
from vla_gym_calvin.scene_assets.collision import collision_urdf
from vla_gym_calvin.scene_assets.model import SceneAssets
from vla_gym_calvin.success import BlockState, Lazy, TaskState
from vla_gym_calvin.visual_state import VisualState
from vla_gym_calvin.world.client import Client
from vla_gym_calvin.world.contacts import Contacts
from vla_gym_calvin.world.placement import random_scene_obs
from vla_gym_calvin.world.robot import Robot
from vla_gym_calvin.world.scene import BUTTON_RESETS, Scene

F64 = npt.NDArray[np.float64]


class World:
    """A scene with its robot, stepped at 30 Hz.

    Args:
        assets: Files of the scene.
        button_reset: ``"pinned"`` or ``"main"``: which official version buttons follow.

    Attributes:
        client: Connection to pybullet; belongs to this world alone.
        robot: The arm.
        scene: Table, blocks and floor.
    """

    def __init__(self, assets: SceneAssets, *, button_reset: str = "pinned") -> None:
        if button_reset not in BUTTON_RESETS:
            raise OptionError(
                f"button_reset={button_reset!r}: expected one of {', '.join(BUTTON_RESETS)}."
            )
        self._facts = facts.SCENES[assets.scene]
        self.client = Client()
        self.robot = Robot(self.client, collision_urdf(assets.robot_urdf))
        self.scene = Scene(self.client, assets, button_reset=button_reset)
        self._contacts = Contacts(self.client)

    def reset(
        self,
        robot_obs: npt.ArrayLike | None = None,
        scene_obs: npt.ArrayLike | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Build the world anew, put it into a state, and let one physics step pass.

        Args:
            robot_obs: ``(15,)``; joints, opening and gripper command are used. Default: the
                official initial pose.
            scene_obs: ``(24,)``. Default: closed, off, blocks placed at random.
            rng: For the random placement.
        """
        if scene_obs is None:
            scene_obs = random_scene_obs(self._facts, rng or np.random.default_rng())
        self.client.clear()
        self.robot.load()
        self.scene.load()
        self._contacts.name_bodies(self.robot.body, self.scene)
        self.scene.reset(np.asarray(scene_obs, dtype=np.float64))
        self._reset_robot(None if robot_obs is None else np.asarray(robot_obs, dtype=np.float64))
        self.advance(1)

    def _reset_robot(self, robot_obs: F64 | None) -> None:
        if robot_obs is None:
            self.robot.reset(np.array(facts.INITIAL_ARM), facts.FINGER_OPEN, gripper_action=1.0)
        else:
            command = -1.0 if robot_obs[14] < 0 else 1.0
            self.robot.reset(robot_obs[7:14], robot_obs[6] / 2, gripper_action=command)

    def step(self, action: npt.NDArray[np.floating]) -> None:
        """Execute one relative action ``(7,)``, in the precision it comes in.

        Translation in units of 2 cm, Euler angles in units of 0.05 rad, gripper exactly 1 (open)
        or -1 (close).
        """
        self.robot.apply(action)
        self.advance(facts.PHYSICS_STEPS)
        self.scene.update()

    def advance(self, steps: int) -> None:
        """Let physics steps of 1/240 s pass."""
        for _ in range(steps):
            pybullet.stepSimulation(physicsClientId=self.client.id)
        self.scene.forget()

    def robot_obs(self) -> F64:
        """Return the official robot observation, ``(15,)``; see ``Robot.observation``."""
        return self.robot.observation()

    def scene_obs(self) -> F64:
        """Return the official scene observation, ``(24,)``; see ``Scene.observation``."""
        return self.scene.observation()

    def task_state(self) -> TaskState:
        """Return what the success conditions look at; contacts are asked for when first used.

        It must be used, or frozen with ``TaskState.freeze``, before the next step.
        """
        slide, drawer, _, _ = self.scene.joints()
        poses = zip(self.scene.blocks, self.scene.block_poses(), strict=True)
        return TaskState(
            slide=slide,
            drawer=drawer,
            lightbulb=self.scene.lightbulb,
            led=self.scene.led,
            blocks={color: BlockState(*pose) for color, pose in poses},
            contacts=Lazy(self._contacts.of),
            velocity=Lazy(self.scene.block_velocity),
        )

    def visual_state(self) -> VisualState:
        """Return what a renderer needs to draw the present state."""
        poses = [[*position, *orientation] for position, orientation in self.scene.block_poses()]
        return VisualState(
            robot_joints=self.robot.joint_positions(),
            table_joints=self.scene.all_joints(),
            blocks=np.array(poses),
            lightbulb=self.scene.lightbulb,
            led=self.scene.led,
            wrist_camera=self.robot.link_pose(facts.WRIST_CAMERA_LINK),
        )

    def close(self) -> None:
        """Free the physics server; may be called again."""
        self.client.close()
