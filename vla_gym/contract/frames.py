"""Axes: the constant relation between world and base, and the pose of the end effector.

Poses are kept in the axes in which the environment reports its end effector (``home``); quantities
of other frames are brought there with a ``FrameChange``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract import rotations
from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import EnvContract, Frame, ProprioceptionField, Rotation

Vector = npt.NDArray[np.float64]
POSITION, ROTATION, JOINTS = "ee_position", "ee_rotation", "joint_positions"
"""Names of the proprioception fields that conversions read."""


@dataclass(frozen=True)
class FrameChange:
    """From one set of constant axes to another: ``target = rotation @ source + offset``.

    Attributes:
        rotation: ``(3, 3)``.
        offset: Origin of the source in the target axes, metres ``(3,)``.
        identity: Nothing changes, no arithmetic is done.
    """

    rotation: Vector = field(default_factory=lambda: np.eye(3))
    offset: Vector = field(default_factory=lambda: np.zeros(3))
    identity: bool = True

    def vector(self, values: Vector) -> Vector:
        """Return a free vector (a displacement, a rotation vector)."""
        return values if self.identity else self.rotation @ values

    def point(self, values: Vector) -> Vector:
        """Return a position."""
        return values if self.identity else self.rotation @ values + self.offset

    def orientation(self, matrix: Vector) -> Vector:
        """Return an absolute orientation."""
        return matrix if self.identity else self.rotation @ matrix

    def turn(self, matrix: Vector) -> Vector:
        """Return a rotation between two orientations (a delta)."""
        return matrix if self.identity else self.rotation @ matrix @ self.rotation.T

    def inverse(self) -> FrameChange:
        """Return the way back."""
        if self.identity:
            return self
        return FrameChange(self.rotation.T, -self.rotation.T @ self.offset, identity=False)


def frame_change(
    source: Frame, target: Frame, env: EnvContract, *, absolute: bool
) -> FrameChange | None:
    """Return the change between ``WORLD`` and ``BASE``, or ``None`` if it is not known.

    Args:
        source: Axes that values are in.
        target: Axes wanted.
        env: Declares how base and world lie.
        absolute: Whether origins matter, too (for positions), not only directions.
    """
    if source is target:
        return FrameChange()
    if Frame.END_EFFECTOR in (source, target):
        return None
    if env.base_pose is None:
        return FrameChange() if env.base_aligned_with_world and not absolute else None
    pose = np.array(env.base_pose)
    base_to_world = FrameChange(
        rotations.to_matrix(pose[3:], Rotation.QUAT_XYZW), pose[:3], identity=False
    )
    return base_to_world if source is Frame.BASE else base_to_world.inverse()


@dataclass(frozen=True)
class Pose:
    """Pose of the end effector in the home axes.

    Attributes:
        position: Metres ``(3,)``; zeros where no conversion needs it.
        rotation: ``(3, 3)``; identity where no conversion needs it.
        euler: The Euler angles that additive deltas are added to, radians ``(3,)``.
    """

    position: Vector
    rotation: Vector
    euler: Vector


@dataclass(frozen=True)
class PoseReader:
    """Finds the measured pose in the proprioception vector.

    Attributes:
        home: Axes of the pose.
        position: Where ``ee_position`` lies, or ``None``.
        rotation: Where ``ee_rotation`` lies, or ``None``.
        representation: How it is written there.
    """

    home: Frame
    position: slice | None
    rotation: slice | None
    representation: Rotation

    def __call__(self, proprioception: npt.NDArray[Any]) -> Pose:
        """Return the measured pose."""
        values = np.asarray(proprioception, dtype=np.float64)
        position = np.zeros(3) if self.position is None else values[self.position]
        if self.rotation is None:
            return Pose(position, np.eye(3), np.zeros(3))
        written = values[self.rotation]
        matrix = rotations.to_matrix(written, self.representation)
        euler = rotations.convert(written, self.representation, Rotation.EULER_XYZ)
        return Pose(position, matrix, euler)


def locate(fields: tuple[ProprioceptionField, ...], key: str) -> slice | None:
    """Return where a field (``ProprioceptionField.key``) lies in the proprioception vector."""
    start = 0
    for entry in fields:
        if entry.key == key:
            return slice(start, start + entry.size)
        start += entry.size
    return None


def plan_reader(
    env: EnvContract, arm: str, needed: set[str], issues: IssueList
) -> PoseReader | None:
    """Return the reader of the pose fields of an arm that are needed; add missing ones."""
    declared = {entry.name: entry for entry in env.proprioception if entry.arm == arm}
    usable = {name: entry for name, entry in declared.items() if _is_pose(entry)}
    for name in sorted(needed - set(usable)):
        issues.error(
            "pose_unavailable",
            f"Converting the action{f' of arm {arm!r}' if arm else ''} needs {name!r} and the "
            "environment "
            f"{'declares it incompletely' if name in declared else 'does not declare it'}.",
            f"declare the proprioception field {name!r} with frame world or base (and "
            "representation, for the rotation), or use a policy with the environment's own action",
        )
    frames = {usable[name].frame for name in needed & set(usable)}
    if len(frames) > 1:
        issues.error(
            "pose_unavailable",
            f"{POSITION!r} and {ROTATION!r} are in different frames.",
            "report both in world or both in base axes",
        )
    if not needed <= set(usable) or len(frames) != 1:
        return None
    rotation = usable[ROTATION].rotation if ROTATION in needed else None
    places = {
        name: locate(env.proprioception, usable[name].key) if name in needed else None
        for name in (POSITION, ROTATION)
    }
    return PoseReader(
        frames.pop() or Frame.WORLD,
        places[POSITION],
        places[ROTATION],
        rotation or Rotation.EULER_XYZ,
    )


def _is_pose(entry: ProprioceptionField) -> bool:
    if entry.frame not in (Frame.WORLD, Frame.BASE):
        return False
    if entry.name == POSITION:
        return entry.size == 3 and entry.unit == "m"
    return entry.name == ROTATION and entry.rotation is not None
