"""Where blocks lie when nobody says where: the official draws, and the test that they are apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from vla_gym_calvin import facts

_TRIES = 1000
_GAP = 0.005  # m between blocks; bullet sees a contact from about this distance on


def draw_block(scene: facts.SceneFacts, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw xyz (m) and yaw (rad), ``(4,)``, of a block somewhere on the scene's surfaces."""
    surfaces = scene.surfaces
    low, high = surfaces[str(rng.choice(list(surfaces)))]
    return np.array([*rng.uniform(low, high), rng.uniform(-np.pi, np.pi)])


def random_scene_obs(scene: facts.SceneFacts, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return ``scene_obs`` ``(24,)``: all joints at 0, lights off, blocks apart from each other."""
    lengths = [facts.BLOCK_LENGTHS[size] for _, size in scene.blocks]
    for _ in range(_TRIES):
        blocks = [draw_block(scene, rng) for _ in lengths]
        if _apart(zip(blocks, lengths, strict=True)):
            break
    obs = np.zeros(facts.SCENE_OBS_SIZE)
    poses = obs[6:].reshape(-1, 6)
    poses[:, :3] = [block[:3] for block in blocks]
    poses[:, 5] = [block[3] for block in blocks]
    return obs


def _apart(blocks: Iterable[tuple[npt.NDArray[np.float64], float]]) -> bool:
    """Return whether no two rectangles overlap or nearly touch (separating axes)."""
    outlines = [_outline(block, length) for block, length in blocks]
    return all(
        any(_gap_along(axis, first, second) > _GAP for axis in (*first[1], *second[1]))
        for first, second in itertools.combinations(outlines, 2)
    )


_Outline = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _outline(block: npt.NDArray[np.float64], length: float) -> _Outline:
    """Return the corners ``(4, 2)`` and axes ``(2, 2)`` of a block seen from above."""
    cos, sin = math.cos(block[3]), math.sin(block[3])
    axes = np.array([[cos, sin], [-sin, cos]])
    halves = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * [length / 2, facts.BLOCK_WIDTH / 2]
    return block[:2] + halves @ axes, axes


def _gap_along(axis: npt.NDArray[np.float64], first: _Outline, second: _Outline) -> float:
    a, b = first[0] @ axis, second[0] @ axis
    return float(max(a.min() - b.max(), b.min() - a.max()))
