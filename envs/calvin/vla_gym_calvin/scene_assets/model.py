"""What a scene is made of, wherever its files come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SceneAssets:
    """The URDF files of a scene, with their full visuals.

    Attributes:
        kind: ``"official"`` or ``"builtin"``.
        scene: ``"A"`` to ``"D"``.
        robot_urdf: Franka Panda with longer fingers.
        table_urdf: Table with door, drawer, button, switch, LED, lightbulb and shelf.
        plane_urdf: The floor.
        block_urdfs: Colour and file of the three blocks, in the order of ``scene_obs``.
        scaling: Global scaling of table and blocks.
    """

    kind: str
    scene: str
    robot_urdf: Path
    table_urdf: Path
    plane_urdf: Path
    block_urdfs: tuple[tuple[str, Path], ...]
    scaling: float
