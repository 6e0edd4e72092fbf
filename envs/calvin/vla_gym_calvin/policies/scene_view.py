"""What the scripted expert knows: the ground truth of one step, in terms of the scene.

Everything is a function of ``robot_obs`` and ``scene_obs`` and of the scene's published geometry,
so that the expert works in all four scenes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vla_gym_calvin import facts
from vla_gym_calvin.policies.poses import F64, rotation_matrix

DOOR_HALF_WIDTH = 0.145  # of the sliding door, about its handle
HANDLE_OFFSET = 0.14  # of the door's handle from the origin of its joint, x
HELD_DISTANCE = 0.045  # a block this close to the tool centre point can be held
DRAWER_HALF_WIDTH = 0.2  # inside, about the drawer's centre
DRAWER_FRONT = -0.165  # inside of its front when closed, y
TABLE_EDGE = -0.18  # front edge of the table top, y


@dataclass(frozen=True)
class Block:
    """A block as it lies.

    Attributes:
        color: Its name.
        position: Centre, ``(3,)``.
        rotation: Matrix of its axes, ``(3, 3)``; its length is along the first.
        size: Edge lengths, ``(3,)``.
    """

    color: str
    position: F64
    rotation: F64
    size: F64

    @property
    def top(self) -> float:
        """Height of its highest point."""
        return float(self.position[2] + np.abs(self.rotation[2]) @ self.size / 2)

    @property
    def on_shelf(self) -> bool:
        """Whether it lies behind the sliding door."""
        return bool(self.position[1] > 0.02 and self.position[2] > 0.44)

    @property
    def in_drawer(self) -> bool:
        """Whether it lies in the drawer."""
        return bool(self.position[2] < 0.42)

    @property
    def on_table(self) -> bool:
        """Whether it lies on the table top itself."""
        return not self.on_shelf and bool(0.42 < self.position[2] < 0.475)

    def distance_to(self, point: F64) -> float:
        """Return the distance of a point to the block's outline, seen from above."""
        local = np.abs(self.rotation.T @ np.array([*(point[:2] - self.position[:2]), 0.0]))
        return float(np.linalg.norm(np.maximum(local - self.size / 2, 0.0)))


class SceneView:
    """One observation, named.

    Args:
        scene: ``"A"`` to ``"D"``.
        robot_obs: ``(15,)``.
        scene_obs: ``(24,)``.
    """

    def __init__(self, scene: str, robot_obs: F64, scene_obs: F64) -> None:
        self.facts = facts.SCENES[scene]
        self.position, self.euler = robot_obs[:3], robot_obs[3:6]
        self.opening = float(robot_obs[6])
        self.slide, self.drawer, _, self.switch = (float(value) for value in scene_obs[:4])
        self.lightbulb, self.led = scene_obs[4] > 0.5, scene_obs[5] > 0.5
        self._poses = scene_obs[6:].reshape(-1, 6)

    @cached_property
    def blocks(self) -> Mapping[str, Block]:
        """The blocks by colour."""
        return {
            color: Block(
                color,
                pose[:3],
                rotation_matrix(pose[3:]),
                np.array([facts.BLOCK_LENGTHS[size], facts.BLOCK_WIDTH, facts.BLOCK_WIDTH]),
            )
            for (color, size), pose in zip(self.facts.blocks, self._poses, strict=True)
        }

    def others(self, color: str) -> list[Block]:
        """Return all blocks but one."""
        return [block for block in self.blocks.values() if block.color != color]

    @property
    def held(self) -> Block | None:
        """The block between the fingers, if any."""
        if not 0.03 < self.opening < 0.075:
            return None
        near = min(self.blocks.values(), key=self._distance)
        return near if self._distance(near) < HELD_DISTANCE else None

    def _distance(self, block: Block) -> float:
        return float(np.linalg.norm(block.position - self.position))

    @property
    def door_x(self) -> float:
        """Where the handle of the sliding door is, which is the middle of the door."""
        return self.facts.slide_x + HANDLE_OFFSET - self.slide

    @property
    def drawer_inside(self) -> tuple[float, float]:
        """Range of y in which the open drawer can be reached into."""
        return DRAWER_FRONT - self.drawer, TABLE_EDGE
