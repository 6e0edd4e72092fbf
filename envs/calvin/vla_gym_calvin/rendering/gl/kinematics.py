"""Where the links of a body are: from joint positions, or from a pybullet client.

Drawn is the current joint state. pybullet's ``getLinkState`` is one physics step old unless asked
otherwise, so the positions alone are taken and the chain is followed here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vla_gym_calvin.rendering.gl.urdf import Body, Link

F64 = npt.NDArray[np.float64]


def pose_matrix(position: npt.ArrayLike, quaternion: npt.ArrayLike) -> F64:
    """Return the ``(4, 4)`` matrix of a position and a quaternion xyzw."""
    x, y, z, w = np.asarray(quaternion, np.float64).tolist()
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = position
    return matrix


def link_frames(body: Body, base: F64, joints: npt.NDArray[np.float64]) -> F64:
    """Return centre-of-mass frames of base and links in the world, ``(1 + n, 4, 4)``.

    Args:
        body: The URDF.
        base: Link frame of the base, ``(4, 4)``.
        joints: Positions in pybullet's order, ``(n,)``, rad or m.
    """
    frames = np.empty((1 + len(body.links), 4, 4))
    frames[0] = base
    for index, (link, position) in enumerate(zip(body.links, joints.tolist(), strict=True)):
        frames[index + 1] = frames[link.parent + 1] @ link.origin
        if link.kind != "fixed" and position:
            frames[index + 1] = frames[index + 1] @ _motion(link, position)
    inertials = np.array([body.base.inertial, *(link.inertial for link in body.links)])
    centers: F64 = frames @ inertials
    return centers


def _motion(link: Link, position: float) -> F64:
    matrix = np.eye(4)
    if link.kind == "prismatic":
        matrix[:3, 3] = link.axis * position
    else:
        half = position / 2
        matrix = pose_matrix((0, 0, 0), [*(link.axis * np.sin(half)), np.cos(half)])
    return matrix


def client_frames(client: int, body_id: int) -> F64:
    """Return the same from a pybullet client: ``(1 + n, 4, 4)``, current."""
    import pybullet

    base = pybullet.getBasePositionAndOrientation(body_id, physicsClientId=client)
    frames = [pose_matrix(*base)]
    count = pybullet.getNumJoints(body_id, physicsClientId=client)
    for state in pybullet.getLinkStates(
        body_id, range(count), computeForwardKinematics=1, physicsClientId=client
    ):
        frames.append(pose_matrix(state[0], state[1]))
    return np.array(frames)
