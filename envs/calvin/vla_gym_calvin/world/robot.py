"""The Panda arm: loading, holding a reset pose, and turning actions into joint targets.

A relative action moves the *commanded* pose of the tool centre point, which therefore can run
ahead of the real one; inverse kinematics starts from the present joints, so its result depends on
the state of the simulation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pybullet

from vla_gym_calvin import facts
from vla_gym_calvin.world.client import Client

F64 = npt.NDArray[np.float64]

_LOWER = np.array(facts.ARM_LOWER)
_UPPER = np.array(facts.ARM_UPPER)
_DOF = len(facts.ARM_JOINTS) + len(facts.FINGER_JOINTS)
_NULL_SPACE = {
    "lowerLimits": [-facts.IK_LIMIT] * _DOF,
    "upperLimits": [facts.IK_LIMIT] * _DOF,
    "jointRanges": [facts.IK_LIMIT] * _DOF,
    "restPoses": [*facts.INITIAL_ARM, facts.FINGER_OPEN, facts.FINGER_OPEN],
}
_OBSERVED_JOINTS = (*facts.ARM_JOINTS, *facts.FINGER_JOINTS)


class Robot:
    """The arm in one world; ``load`` must be called after every clearing of the client.

    Attributes:
        body: pybullet id.
        target_position: Commanded position of the tool centre point, ``(3,)``, m, world.
        target_euler: Commanded Euler angles xyz, ``(3,)``, rad, world.
        gripper_action: Last command, 1 open or -1 close.
        joint_targets: What inverse kinematics answered last, ``(7,)``, rad.
    """

    def __init__(self, client: Client, urdf: Path) -> None:
        self._client = client
        self._urdf = urdf
        self.body = -1
        self.target_position: F64 = np.zeros(3)
        self.target_euler: F64 = np.zeros(3)
        self.gripper_action = 1.0
        self.joint_targets: F64 = np.array(facts.INITIAL_ARM)
        self._joint_count = 0

    def load(self) -> None:
        """Put the robot, its pedestal and the gear between its fingers into the world."""
        cid = self._client.id
        self.body = self._client.load(
            self._urdf, basePosition=facts.ROBOT_BASE, baseOrientation=(0, 0, 0, 1), useFixedBase=1
        )
        # The pedestal of the official scene is visual only; it keeps its place as body 1.
        pybullet.createMultiBody(physicsClientId=cid)
        gear = pybullet.createConstraint(
            *(self.body, facts.FINGER_JOINTS[0], self.body, facts.FINGER_JOINTS[1]),
            jointType=pybullet.JOINT_GEAR,
            jointAxis=(1, 0, 0),
            parentFramePosition=(0, 0, 0),
            childFramePosition=(0, 0, 0),
            physicsClientId=cid,
        )
        pybullet.changeConstraint(
            gear,
            gearRatio=-1,
            erp=facts.FINGER_GEAR_ERP,
            maxForce=facts.FINGER_GEAR_FORCE,
            physicsClientId=cid,
        )
        self._joint_count = pybullet.getNumJoints(self.body, physicsClientId=cid)
        self.reset(np.array(facts.INITIAL_ARM), facts.FINGER_OPEN, gripper_action=1.0)

    def reset(self, arm: F64, finger: float, *, gripper_action: float) -> None:
        """Put the joints at a pose and let the motors hold it.

        Args:
            arm: Joint angles ``(7,)``, rad.
            finger: Position of each finger, m.
            gripper_action: The command that the observation shows, 1 or -1.
        """
        cid = self._client.id
        for joint, angle in zip(facts.ARM_JOINTS, arm, strict=True):
            pybullet.resetJointState(self.body, joint, angle, physicsClientId=cid)
        for joint in facts.FINGER_JOINTS:
            pybullet.resetJointState(self.body, joint, finger, physicsClientId=cid)
        self._drive_arm(arm)
        self._drive_fingers(finger, facts.FINGER_CLOSING_FORCE)
        position, orientation = self.link_pose(facts.TCP_LINK)
        self.target_position = position
        self.target_euler = np.array(pybullet.getEulerFromQuaternion(orientation))
        self.gripper_action = gripper_action

    def apply(self, action: npt.NDArray[np.floating]) -> None:
        """Move the commanded pose by a relative action ``(7,)`` and drive the joints towards it.

        The gripper command must be 1 (open) or -1 (close).
        """
        self.target_position = self.target_position + action[:3] * facts.METERS_PER_UNIT
        self.target_euler = self.target_euler + action[3:6] * facts.RADIANS_PER_UNIT
        self.gripper_action = float(action[6])
        joints = pybullet.calculateInverseKinematics(
            self.body,
            facts.TCP_LINK,
            self.target_position.tolist(),
            pybullet.getQuaternionFromEuler(self.target_euler.tolist()),
            physicsClientId=self._client.id,
            **_NULL_SPACE,
        )
        self.joint_targets = np.clip(joints[: len(_LOWER)], _LOWER, _UPPER)
        self._drive_arm(self.joint_targets)
        if self.gripper_action > 0:
            self._drive_fingers(facts.FINGER_OPEN, facts.FINGER_OPENING_FORCE)
        else:
            self._drive_fingers(facts.FINGER_CLOSED, facts.FINGER_CLOSING_FORCE)

    def _drive_arm(self, targets: F64) -> None:
        for joint, target in zip(facts.ARM_JOINTS, targets.tolist(), strict=True):
            pybullet.setJointMotorControl2(
                self.body,
                joint,
                pybullet.POSITION_CONTROL,
                targetPosition=target,
                force=facts.ARM_FORCE,
                maxVelocity=facts.ARM_MAX_VELOCITY,
                physicsClientId=self._client.id,
            )

    def _drive_fingers(self, target: float, force: float) -> None:
        for joint in facts.FINGER_JOINTS:
            pybullet.setJointMotorControl2(
                self.body,
                joint,
                pybullet.POSITION_CONTROL,
                targetPosition=target,
                force=force,
                maxVelocity=facts.FINGER_MAX_VELOCITY,
                physicsClientId=self._client.id,
            )

    def link_pose(self, link: int) -> tuple[F64, F64]:
        """Return position ``(3,)`` and quaternion xyzw ``(4,)`` of a link, one physics step old.

        pybullet reports the pose before the last step unless asked to compute it anew; the
        official observations and the wrist camera use it as it comes.
        """
        state = pybullet.getLinkState(self.body, link, physicsClientId=self._client.id)
        return np.array(state[0]), np.array(state[1])

    def observation(self) -> F64:
        """Return ``robot_obs``, ``(15,)``.

        Tool centre point xyz (m, world), Euler angles xyz (rad), opening (m), seven joint angles
        (rad), last gripper command.
        """
        cid = self._client.id
        tcp = pybullet.getLinkState(self.body, facts.TCP_LINK, physicsClientId=cid)
        states = pybullet.getJointStates(self.body, _OBSERVED_JOINTS, physicsClientId=cid)
        joints = [state[0] for state in states]
        euler = pybullet.getEulerFromQuaternion(tcp[1])
        return np.array([*tcp[0], *euler, joints[7] + joints[8], *joints[:7], self.gripper_action])

    def joint_positions(self) -> F64:
        """Return the current positions of all joints in pybullet's order."""
        states = pybullet.getJointStates(
            self.body, range(self._joint_count), physicsClientId=self._client.id
        )
        return np.array([state[0] for state in states])
