"""How the scripted expert opens and closes drawers.

The official cabinet's handles are drawn but have no collision shapes. Above every front, though,
there is a gap of 0.1 m: with the hand half open, the far finger goes through it, down behind the
upper edge of the front, and pulls. Drawers are closed by pushing the front with nearly closed
fingers; fingers that press on each other would drag the arm away in PhysX 5.
"""

from __future__ import annotations

import numpy as np
from vla_gym_sapien.poses import F64, Pose

from vla_gym_simpler.facts.scenes import CABINET_JOINTS
from vla_gym_simpler.policies.hand import Hand, Motion

# The front of a drawer in the drawer's frame, m (mk_station*.urdf).
_BACK_X, _FACE_X, _TOP_Z = 0.2975, 0.3125, 0.07
_REACH_Y = 0.12  # m to the side of a front's middle where the hand may be

_SLANT = np.radians(60.0)  # of the hand, below the horizontal
_AHEAD = np.array([-np.cos(_SLANT), 0.0, -np.sin(_SLANT)])  # where the hand points
_NEAR = np.array([np.sin(_SLANT), 0.0, -np.cos(_SLANT)])  # where the near finger is

_HALF_OPEN = 0.46  # gripper command that brings the open fingers to 0.6 rad
_NEARLY_CLOSED = 0.69  # likewise, to 0.9 rad
_FINGER = 0.045  # m from the middle of the hand to the inside of a half-open finger
_HOOK = 0.035  # m of the far finger that are behind the front
_CLEAR = 0.004  # m between far finger and front
_APPROACH = (0.14, 0.08, 0.05, 0.02, 0.0)  # m in front of the goal: keeps the hand on the line
_LOOSE = 0.012  # m that the hand gives way before it leaves the drawer, so that nothing is pressed
_X = np.array([1.0, 0.0, 0.0])
_WIDE = 0.20  # m, a drawer is open
_SHUT = 0.012  # m, a drawer is closed


def opened(hand: Hand, joint: str) -> float:
    """Return how far a drawer is out, m."""
    return float(hand.state["art_qpos:cabinet"][CABINET_JOINTS.index(joint)])


def drawer_origin(hand: Hand, joint: str) -> F64:
    """Return the origin of a drawer (world): the middle of its front is ahead of it along x."""
    return np.asarray(hand.state[f"link:cabinet/{joint.removesuffix('_joint')}"][:3])


def pull(hand: Hand, joint: str) -> Motion:
    """Hook the upper edge of a drawer's front and pull until the drawer is open."""
    drawer = drawer_origin(hand, joint)
    edge = drawer + np.array([_BACK_X, _beside(hand, drawer), _TOP_Z])
    tip = edge - _CLEAR * _X + _HOOK * _AHEAD + _FINGER * _NEAR
    _point(hand)
    yield from hand.grip(_HALF_OPEN, 1, after=0.0)
    yield from hand.move(tip - _APPROACH[0] * _AHEAD, limit=40)
    for back in _APPROACH[1:]:
        yield from hand.move(tip - back * _AHEAD, limit=10, speed=0.6)
    for _ in range(30):
        if opened(hand, joint) > _WIDE:
            break
        goal = (hand.position[0] + 0.06, tip[1], tip[2])
        yield from hand.move(goal, limit=1)


def unhook(hand: Hand) -> Motion:
    """Bring the hand out of the drawer, up and back."""
    yield from hand.move_by(-_LOOSE * _X, limit=4, speed=0.3)
    yield from hand.move_by((0.0, 0.0, 0.08), limit=8)
    yield from hand.move_by((0.08, 0.0, 0.08), limit=10)


def push(hand: Hand, joint: str) -> Motion:
    """Push the front of a drawer in with nearly closed fingers."""
    drawer = drawer_origin(hand, joint)
    face = drawer + np.array([_FACE_X, _beside(hand, drawer), 0.0])
    _point(hand)
    yield from hand.grip(_NEARLY_CLOSED, 1, after=0.0)
    yield from hand.move(face + 0.10 * _X, limit=45)
    for _ in range(40):
        if opened(hand, joint) < _SHUT:
            break
        goal = (hand.position[0] - 0.06, face[1], face[2])
        yield from hand.move(goal, limit=1)
    yield from hand.move_by(0.05 * _X, limit=4)


def open_drawer(hand: Hand) -> Motion:
    """Google Robot: open a drawer and stay."""
    yield from pull(hand, hand.scene["roles"]["joint"])
    yield from hand.wait(200)


def close_drawer(hand: Hand) -> Motion:
    """Google Robot: close a drawer and stay."""
    yield from push(hand, hand.scene["roles"]["joint"])
    yield from hand.wait(200)


def _point(hand: Hand) -> None:
    """Let the hand point to the cabinet, fingers one behind the other, from now on."""
    axes = np.eye(4)
    axes[:3, :3] = np.array([np.cross(_NEAR, _AHEAD), _NEAR, _AHEAD]).T
    hand.rotation = Pose.from_matrix(axes).q


def _beside(hand: Hand, drawer: F64) -> float:
    """Return where along a front the hand takes it: as near to the robot as may be, m."""
    return float(np.clip(hand.scene["base"][1] - drawer[1], -_REACH_Y, _REACH_Y))
