"""CALVIN's scenes on a stage: ``renderer="gl"``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.errors import RendererError
from vla_gym_calvin import facts
from vla_gym_calvin.rendering.base import (
    Frame,
    fingerprint,
    pick_sizes,
    resolve_sizes,
)
from vla_gym_calvin.rendering.cameras import camera_view
from vla_gym_calvin.rendering.gl import hulls
from vla_gym_calvin.rendering.gl.context import acquire, release
from vla_gym_calvin.rendering.gl.kinematics import link_frames, pose_matrix
from vla_gym_calvin.rendering.gl.stage import Actor, Stage
from vla_gym_calvin.rendering.gl.urdf import Body, Link, Visual, load_body
from vla_gym_calvin.scene_assets.low import low_urdf
from vla_gym_calvin.scene_assets.model import SceneAssets
from vla_gym_calvin.visual_state import VisualState, reference_state

F64 = npt.NDArray[np.float64]

_WHITE = (1.0, 1.0, 1.0, 1.0)
_LIGHTS = {
    "lightbulb": (facts.TABLE_LINKS["light_link"], facts.LIGHTBULB_ON),
    "led": (facts.TABLE_LINKS["led_link"], facts.LED_ON),
}
_ROBOT_BASE = pose_matrix(facts.ROBOT_BASE, (0, 0, 0, 1))
_TABLE_BODY = 5  # after robot, pedestal and three blocks


class GlRenderer:
    """Draws a CALVIN scene with our own OpenGL code.

    Args:
        assets: The scene.
        visuals: ``"exact"`` for the picture of pybullet's OpenGL renderer, ``"fast"`` for the same
            with simplified shadow casters, ``"low"`` with simplified robot meshes too.
        camera_sizes: (height, width) per camera, where they differ from the official ones.
        device: Graphics card as CUDA counts them; ``None`` for the first, or the CPU.
        keep: Whether to store what does not move in front of the camera that does not move, which
            changes a few pixels in a hundred thousand; by default unless ``visuals="exact"``.

    Raises:
        RendererError: When OpenGL does not work here.
    """

    name = "gl"

    def __init__(
        self,
        assets: SceneAssets,
        *,
        visuals: str = "fast",
        camera_sizes: Mapping[str, Sequence[int]] | None = None,
        device: int | None = None,
        keep: bool | None = None,
    ) -> None:
        self._scene = assets.scene
        self._visuals = visuals
        self._sizes = resolve_sizes(camera_sizes)
        self._bodies = _bodies(assets)
        self._context = acquire(device)
        self._driver = self._context.driver
        self._closed = False
        self._shown: dict[str, bool] = {}
        keep = visuals != "exact" if keep is None else keep
        self._stage = Stage(
            self._context,
            _actors(assets, self._bodies, visuals),
            keep=keep,
            fast=visuals != "exact",
        )

    def render(
        self,
        state: VisualState,
        cameras: Sequence[str],
        *,
        depth: bool = False,
        segmentation: bool = False,
    ) -> dict[str, Frame]:
        """Return the pictures of the named cameras (``"static"``, ``"wrist"``).

        Bodies in the segmentation: robot 0, its pedestal 1, the blocks 2 to 4 in the order of the
        scene, table 5, floor 6.
        """
        if self._closed:
            raise RendererError("This 'gl' renderer is closed.")
        self._show_lights(state)
        views = {
            name: (camera_view(name, state, size), size)
            for name, size in pick_sizes(self._sizes, cameras).items()
        }
        return self._stage.pictures(
            self._frames(state),
            views,
            unmoving=("static",),
            depth=depth,
            segmentation=segmentation,
        )

    def _show_lights(self, state: VisualState) -> None:
        for name, (link, on_color) in _LIGHTS.items():
            on = bool(getattr(state, name))
            if self._shown.get(name) != on:
                red, green, blue, alpha = on_color if on else facts.LIGHT_OFF
                self._stage.paint(_TABLE_BODY + ((link + 1) << 24), (red, green, blue, alpha))
                self._shown[name] = on

    def _frames(self, state: VisualState) -> F64:
        robot, table = self._bodies["robot"], self._bodies["table"]
        still = np.eye(4)[None]
        blocks = [pose_matrix(pose[:3], pose[3:])[None] for pose in state.blocks]
        return np.concatenate(
            [
                link_frames(robot, _ROBOT_BASE, state.robot_joints),
                still,
                *blocks,
                link_frames(table, np.eye(4), state.table_joints),
                link_frames(self._bodies["plane"], np.eye(4), np.zeros(0)),
            ]
        )

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.render(reference_state(self._scene), tuple(self._sizes)))

    def describe(self) -> dict[str, Any]:
        """Return name, driver, visuals, and the fingerprint of a reference frame."""
        return {
            "name": self.name,
            "driver": self._driver,
            "visuals": self._visuals,
            "fingerprint": self._fingerprint,
        }

    def close(self) -> None:
        """Free what the renderer holds; a second call does nothing."""
        if not self._closed:
            self._closed = True
            del self._stage
            release(self._context)


def _bodies(assets: SceneAssets) -> dict[str, Body]:
    bodies = {
        "robot": load_body(assets.robot_urdf),
        "pedestal": _pedestal(),
        "table": load_body(assets.table_urdf, assets.scaling),
        "plane": load_body(assets.plane_urdf),
    }
    for color, urdf in assets.block_urdfs:
        bodies[color] = load_body(urdf, assets.scaling)
    return bodies


def _actors(assets: SceneAssets, bodies: Mapping[str, Body], visuals: str) -> list[Actor]:
    """Return the scene in the order pybullet loads it."""
    robot = bodies["robot"]
    if visuals == "low":
        robot = _low_body(assets.robot_urdf)
    lights = frozenset(link for link, _ in _LIGHTS.values())
    return [
        Actor(robot, fixed=True),
        Actor(bodies["pedestal"], fixed=True),
        *(Actor(bodies[color]) for color, _ in assets.block_urdfs),
        Actor(bodies["table"], fixed=True, changing=lights),
        Actor(bodies["plane"], fixed=True),
    ]


@lru_cache(maxsize=8)
def _low_body(urdf: Path) -> Body:
    return load_body(low_urdf(urdf))


def _pedestal() -> Body:
    """Return the white cylinder under the robot."""
    mesh = hulls.cylinder(facts.CYLINDER_RADIUS, facts.CYLINDER_HEIGHT)
    place = pose_matrix(facts.CYLINDER_CENTER, (0, 0, 0, 1))
    identity = np.eye(4)
    link = Link(
        name="pedestal",
        parent=-1,
        origin=identity,
        axis=np.zeros(3),
        kind="fixed",
        inertial=identity,
        visuals=(Visual(mesh.placed(place), _WHITE),),
    )
    return Body(link, ())
