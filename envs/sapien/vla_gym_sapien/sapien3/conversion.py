"""Between our values and SAPIEN's."""

from __future__ import annotations

import numpy as np
import sapien

from vla_gym_sapien.poses import Pose


def to_sapien(pose: Pose) -> sapien.Pose:
    """Return SAPIEN's pose (single precision)."""
    return sapien.Pose(pose.p.astype(np.float32), pose.q.astype(np.float32))


def from_sapien(pose: sapien.Pose) -> Pose:
    """Return our pose; the quaternion is kept as the engine has it."""
    return Pose(np.array(pose.p, dtype=np.float64), np.array(pose.q, dtype=np.float64))
