"""Everything but the robot: table with its doors, button, switch and lights, the blocks, the floor.

Two versions of the official environment are in use. They differ in what a button remembers at
reset: in ``"pinned"`` (the submodule that most published numbers were made with) a button starts
off even if the LED is on, so its first press changes nothing visible; in ``"main"`` it starts as
the LED is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pybullet

from vla_gym_calvin import facts
from vla_gym_calvin.scene_assets.collision import collision_urdf
from vla_gym_calvin.scene_assets.model import SceneAssets
from vla_gym_calvin.world.client import Client
from vla_gym_calvin.world.placement import draw_block

F64 = npt.NDArray[np.float64]
Pose = tuple[Sequence[float], Sequence[float]]

BUTTON_RESETS: Final = ("pinned", "main")
_OBSERVED_JOINTS = tuple(
    facts.TABLE_JOINTS[name] for name in ("slide", "drawer", "button", "switch")
)
_LOAD_SEED = 0  # of the official environment


class Scene:
    """Table, blocks and floor in one world; ``load`` must follow every clearing of the client.

    Attributes:
        table: pybullet id of the table.
        plane: pybullet id of the floor.
        blocks: pybullet ids of the blocks by colour, in the order of ``scene_obs``.
        lightbulb: Whether the lightbulb is on.
        led: Whether the LED is on.
    """

    def __init__(self, client: Client, assets: SceneAssets, *, button_reset: str) -> None:
        self._client = client
        self._facts = facts.SCENES[assets.scene]
        self._scaling = assets.scaling
        self._table_urdf = collision_urdf(assets.table_urdf)
        self._plane_urdf = collision_urdf(assets.plane_urdf)
        self._block_urdfs = [(color, collision_urdf(p)) for color, p in assets.block_urdfs]
        self._button_follows_led = button_reset == "main"
        self._load_poses = _load_poses(self._facts)
        self.table = self.plane = -1
        self.blocks: dict[str, int] = {}
        self.lightbulb = self.led = False
        self._button_on = self._button_pressed = self._switch_on = False
        self._limits: dict[str, float] = {}
        self._joints: list[float] | None = None
        self._poses: list[Pose] | None = None

    def load(self) -> None:
        """Load blocks, table and floor in the official order and set the joints' motors."""
        self.blocks = {
            color: self._client.load(
                urdf, basePosition=pose[0], baseOrientation=pose[1], globalScaling=self._scaling
            )
            for (color, urdf), pose in zip(self._block_urdfs, self._load_poses, strict=True)
        }
        self.table = self._client.load(self._table_urdf, globalScaling=self._scaling)
        self._set_motors()
        self.plane = self._client.load(self._plane_urdf)
        if not self._limits:
            self._limits = {name: self._upper_limit(j) for name, j in facts.TABLE_JOINTS.items()}

    def _set_motors(self) -> None:
        """Give doors and switch friction, and the button a spring."""
        for name in ("slide", "drawer", "button", "switch"):
            spring = name == "button"
            pybullet.setJointMotorControl2(
                self.table,
                facts.TABLE_JOINTS[name],
                pybullet.POSITION_CONTROL if spring else pybullet.VELOCITY_CONTROL,
                force=facts.TABLE_JOINT_FORCE,
                physicsClientId=self._client.id,
            )

    def _upper_limit(self, joint: int) -> float:
        info = pybullet.getJointInfo(self.table, joint, physicsClientId=self._client.id)
        return float(info[9])

    def reset(self, scene_obs: F64) -> None:
        """Put everything where ``scene_obs`` ``(24,)`` says, and forget what was pressed."""
        slide, drawer, button, switch = scene_obs[:4].tolist()
        self._reset_joint("slide", slide)
        self._reset_joint("drawer", drawer)
        self.lightbulb, self.led = bool(scene_obs[4]), bool(scene_obs[5])
        self._reset_joint("button", button)
        self._button_on = self.led and self._button_follows_led
        self._button_pressed = False
        self._reset_joint("switch", switch)
        self._switch_on = False
        for body, pose in zip(self.blocks.values(), scene_obs[6:].reshape(-1, 6), strict=True):
            pybullet.resetBasePositionAndOrientation(
                body,
                pose[:3].tolist(),
                pybullet.getQuaternionFromEuler(pose[3:].tolist()),
                physicsClientId=self._client.id,
            )

    def _reset_joint(self, name: str, position: float) -> None:
        pybullet.resetJointState(
            self.table, facts.TABLE_JOINTS[name], position, physicsClientId=self._client.id
        )

    def update(self) -> None:
        """Let button and switch act on the lights; once per action, after the physics."""
        _, _, button, switch = self.joints()
        pressed = button > self._limits["button"] / 2
        if pressed and not self._button_pressed:
            self._button_on = not self._button_on
            self.led = self._button_on
        self._button_pressed = pressed
        on = switch > self._limits["switch"] / 2
        if on != self._switch_on:
            self._switch_on = self.lightbulb = on

    def forget(self) -> None:
        """Ask the simulator again; to be called whenever something may have moved."""
        self._joints = self._poses = None

    def joints(self) -> list[float]:
        """Return the positions of slide, drawer, button and switch, m."""
        if self._joints is None:
            states = pybullet.getJointStates(
                self.table, _OBSERVED_JOINTS, physicsClientId=self._client.id
            )
            self._joints = [state[0] for state in states]
        return self._joints

    def all_joints(self) -> F64:
        """Return the positions of all joints of the table in pybullet's order."""
        states = pybullet.getJointStates(
            self.table, range(len(facts.TABLE_LINKS) - 1), physicsClientId=self._client.id
        )
        return np.array([state[0] for state in states])

    def block_poses(self) -> list[Pose]:
        """Return position and quaternion xyzw of the blocks, in the order of ``scene_obs``."""
        if self._poses is None:
            self._poses = [
                pybullet.getBasePositionAndOrientation(body, physicsClientId=self._client.id)
                for body in self.blocks.values()
            ]
        return self._poses

    def block_velocity(self, color: str) -> tuple[Sequence[float], Sequence[float]]:
        """Return linear (m/s) and angular (rad/s) velocity of a block."""
        velocity: tuple[Sequence[float], Sequence[float]] = pybullet.getBaseVelocity(
            self.blocks[color], physicsClientId=self._client.id
        )
        return velocity

    def observation(self) -> F64:
        """Return ``scene_obs``, ``(24,)``.

        Slide, drawer, button, switch (m), lightbulb and LED (0 or 1), then xyz (m) and Euler
        angles xyz (rad) of each block in the order of the scene.
        """
        values = [*self.joints(), float(self.lightbulb), float(self.led)]
        for position, orientation in self.block_poses():
            values += position
            values += pybullet.getEulerFromQuaternion(orientation)
        return np.array(values)


def _load_poses(scene: facts.SceneFacts) -> list[tuple[list[float], tuple[float, ...]]]:
    """Return where the blocks are when they are loaded.

    They are moved before anything is simulated, but the broad phase of the collision detection
    has seen them here.
    """
    rng = np.random.Generator(np.random.PCG64(_LOAD_SEED))
    draws = [draw_block(scene, rng).tolist() for _ in scene.blocks]
    return [(xyz, pybullet.getQuaternionFromEuler([0, 0, yaw])) for *xyz, yaw in draws]
