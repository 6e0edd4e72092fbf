"""Where the robot and the scene stand when an evaluation chain begins.

A symbolic initial condition fixes the doors and lights; block poses are drawn from a generator
seeded with a hash of the condition. The hash is part of the benchmark: another one silently
swaps block positions in more than half of the 192 conditions.

The official coordinates are scene D's, with the blocks in the order red, blue, pink. For the other
scenes the same rule is applied to their own geometry and block order (ours, not official).
Source: mees/calvin at fa03f01, ``calvin_agent/evaluation/utils.py`` (numbers only).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vla_gym_calvin.facts import COLORS, DRAWER_LIMIT, SCENE_OBS_SIZE, SCENES, SWITCH_LIMIT
from vla_gym_calvin.sequences import InitialCondition

EVALUATION_SCENE = "D"

# tcp position (m), tcp Euler angles (rad), gripper width (m), arm joints (rad), gripper command
ROBOT_OBS = (
    *(0.02586889, -0.2313129, 0.5712808),
    *(3.09045411, -0.02908596, 1.50013585),
    0.07999963,
    *(-1.21779124, 1.03987629, 2.11978254, -2.34205014, -0.87015899, 1.64119093, 0.55344928),
    1.0,
)
YAW_RANGE = (np.pi / 2 - np.pi / 8, np.pi / 2 + np.pi / 8)

_FNV_PRIME_32 = 0x01000193


Position = tuple[float, ...]


class Spots(NamedTuple):
    """Where blocks may start, m: two places on the table, and one a side of the shelf by name."""

    table: Sequence[Position]
    shelf: Mapping[str, Position]


OFFICIAL_SPOTS = Spots(
    table=(
        (0.0500000896, -0.120000177, 0.459990009),
        (0.229995412, -0.11999514, 0.45999001),
    ),
    shelf={
        "slider_left": (-0.240851662, 0.0924044687, 0.460990009),
        "slider_right": (0.070341633, 0.0924044687, 0.460990009),
    },
)


class InitialState(NamedTuple):
    """Reset options of an evaluation chain: float64 ``robot_obs`` (15,) and ``scene_obs`` (24,)."""

    robot_obs: npt.NDArray[np.float64]
    scene_obs: npt.NDArray[np.float64]


def fnv1_32(data: bytes) -> int:
    """Return the 32-bit FNV-1 hash with start value 0 instead of the offset basis (as pyhash)."""
    value = 0
    for byte in data:
        value = (value * _FNV_PRIME_32) & 0xFFFFFFFF ^ byte
    return value


def placement_seed(initial: InitialCondition) -> int:
    """Return the seed of the block poses: a hash of what Python prints for the dict's values."""
    return fnv1_32(str(initial._asdict().values()).encode("utf-16-le"))


def initial_state(initial: InitialCondition, *, scene: str = EVALUATION_SCENE) -> InitialState:
    """Return robot and scene state for an initial condition; in scene D bit-exact with the rule."""
    facts = SCENES[scene]
    obs = np.zeros(SCENE_OBS_SIZE)
    obs[0] = facts.slide_limit if initial.slider == "left" else 0.0
    obs[1] = DRAWER_LIMIT if initial.drawer == "open" else 0.0
    obs[3] = SWITCH_LIMIT if initial.lightbulb else 0.0
    obs[4:6] = initial.lightbulb, initial.led
    poses = dict(zip(COLORS, _block_poses(initial, _spots(scene)), strict=True))
    obs[6:] = np.concatenate([poses[color] for color, _ in facts.blocks])
    return InitialState(np.array(ROBOT_OBS), obs)


def _spots(scene: str) -> Spots:
    """Return where blocks can lie in a scene."""
    if scene == EVALUATION_SCENE:
        return OFFICIAL_SPOTS
    facts = SCENES[scene]
    side = 1 if facts.button[0] < 0 else -1  # away from the button
    table = [(side * x, y, z) for x, y, z in OFFICIAL_SPOTS.table]
    shelf_y, shelf_z = OFFICIAL_SPOTS.shelf["slider_left"][1:]
    middles = {
        "slider_left": sum(facts.slider_left_x) / 2,
        "slider_right": sum(facts.slider_right_x) / 2,
    }
    return Spots(table, {place: (x, shelf_y, shelf_z) for place, x in middles.items()})


def _block_poses(initial: InitialCondition, spots: Spots) -> npt.NDArray[np.float64]:
    """Return position and Euler angles of red, blue and pink, ``(3, 6)``.

    The order of the draws matters: the table spots are shuffled first, then one yaw a block.
    """
    stream = np.random.RandomState(placement_seed(initial))
    table = list(spots.table)
    stream.shuffle(table)
    poses = np.zeros((3, 6))
    for pose, position in zip(poses, _positions(initial, table, spots.shelf), strict=True):
        pose[:3] = position
        pose[5] = stream.uniform(*YAW_RANGE)
    return poses


def _positions(
    initial: InitialCondition, table: Sequence[Position], shelf: Mapping[str, Position]
) -> list[Position]:
    """Return where the blocks lie; pink takes the second table spot even when it is alone there."""
    blue_spot = table[1] if initial.red_block == "table" else table[0]
    places = (initial.red_block, initial.blue_block, initial.pink_block)
    on_table = (table[0], blue_spot, table[1])
    return [shelf.get(place, spot) for place, spot in zip(places, on_table, strict=True)]
