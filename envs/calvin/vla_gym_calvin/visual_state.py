"""What passes from physics to pictures: all that a picture of a scene depends on.

The world fills it in and renderers draw it; neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_gym_calvin import facts

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VisualState:
    """Everything that a picture of a scene depends on.

    Attributes:
        robot_joints: Current positions of all robot joints in pybullet's order, ``(n,)``, rad or m.
        table_joints: Current positions of all table joints in pybullet's order, ``(n,)``, m.
        blocks: Current position (m, world) and quaternion xyzw of the blocks' bases, ``(3, 7)``,
            in the order of the scene.
        lightbulb: Whether the lightbulb is on.
        led: Whether the LED is on.
        wrist_camera: Position ``(3,)`` and quaternion xyzw ``(4,)`` of the link that carries the
            camera, as pybullet reports them without being asked for forward kinematics: one
            physics step old. The official pictures are taken so, while what is drawn is current.
    """

    robot_joints: F64
    table_joints: F64
    blocks: F64
    lightbulb: bool
    led: bool
    wrist_camera: tuple[F64, F64]


def reference_state(scene: str) -> VisualState:
    """Return the state whose pictures make a renderer's fingerprint: rest pose, lights on."""
    robot = np.zeros(16)
    robot[list(facts.ARM_JOINTS)] = facts.INITIAL_ARM
    robot[list(facts.FINGER_JOINTS)] = facts.FINGER_OPEN
    blocks = np.zeros((3, 7))
    blocks[:, 0] = np.mean(facts.SCENES[scene].table_x) + np.array([-0.12, 0.0, 0.12])
    blocks[:, 1:3] = -0.09, facts.BLOCK_HEIGHT
    blocks[:, 5:7] = np.sin(0.4), np.cos(0.4)
    position = np.array([0.011386216140238459, -0.33457191096266903, 0.7081304513244887])
    quaternion = np.array(
        [0.04448893009149041, 0.8034733560698085, -0.5936750894663578, -0.0010905651494734925]
    )
    return VisualState(
        robot_joints=robot,
        table_joints=np.array([0.0, 0.044, 0.1, 0.1, 0.0, 0.0, 0.0]),
        blocks=blocks,
        lightbulb=True,
        led=True,
        wrist_camera=(position, quaternion),
    )
