"""A pybullet client that only shows: a scene with its visuals, posed from a ``VisualState``.

Both pybullet renderers draw what is loaded into a client. Nothing is simulated here; joints and
blocks are put where the physics world has them, which gives the same pixels as drawing that world
itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pybullet

from vla_gym_calvin import facts
from vla_gym_calvin.rendering.base import Frame
from vla_gym_calvin.rendering.cameras import View, camera_view, metric_depth
from vla_gym_calvin.scene_assets.model import SceneAssets
from vla_gym_calvin.visual_state import VisualState
from vla_gym_calvin.world.client import Client

_WHITE = (1.0, 1.0, 1.0, 1.0)
_LIGHTS = {
    "lightbulb": (facts.TABLE_LINKS["light_link"], facts.LIGHTBULB_ON),
    "led": (facts.TABLE_LINKS["led_link"], facts.LED_ON),
}


class Mirror:
    """A scene's visuals in a client of its own.

    Args:
        assets: The scene.
        visuals: ``"exact"`` or ``"low"``.
        plugin: Path of pybullet's EGL plugin, or ``None`` for TinyRenderer.
    """

    def __init__(self, assets: SceneAssets, *, visuals: str, plugin: str | None = None) -> None:
        self._client = Client()
        if plugin is not None:
            self._load_plugin(plugin)
        # The official order, which decides ties in depth.
        self._robot = self._client.load(
            _robot_urdf(assets, visuals), basePosition=facts.ROBOT_BASE, useFixedBase=1
        )
        self._add_pedestal()
        self._blocks = [
            self._client.load(urdf, globalScaling=assets.scaling) for _, urdf in assets.block_urdfs
        ]
        self._table = self._client.load(
            assets.table_urdf, useFixedBase=1, globalScaling=assets.scaling
        )
        self._client.load(assets.plane_urdf)
        self._shown_lights: dict[str, bool] = {}

    def _load_plugin(self, plugin: str) -> None:
        handle = pybullet.loadPlugin(plugin, "_eglRendererPlugin", physicsClientId=self._client.id)
        if handle < 0:
            raise OSError(f"pybullet could not load {plugin}")

    def _add_pedestal(self) -> None:
        shape = pybullet.createVisualShape(
            pybullet.GEOM_CYLINDER,
            radius=facts.CYLINDER_RADIUS,
            length=facts.CYLINDER_HEIGHT,
            rgbaColor=_WHITE,
            visualFramePosition=facts.CYLINDER_CENTER,
            physicsClientId=self._client.id,
        )
        pybullet.createMultiBody(baseVisualShapeIndex=shape, physicsClientId=self._client.id)

    def _pose(self, state: VisualState) -> None:
        """Put everything where ``state`` says."""
        self._set_joints(self._robot, state.robot_joints)
        self._set_joints(self._table, state.table_joints)
        for body, pose in zip(self._blocks, state.blocks.tolist(), strict=True):
            pybullet.resetBasePositionAndOrientation(
                body, pose[:3], pose[3:], physicsClientId=self._client.id
            )
        for name, (link, on_color) in _LIGHTS.items():
            self._set_light(name, link, on_color, on=getattr(state, name))

    def _set_joints(self, body: int, positions: npt.NDArray[np.float64]) -> None:
        for joint, position in enumerate(positions.tolist()):
            pybullet.resetJointState(body, joint, position, physicsClientId=self._client.id)

    def _set_light(self, name: str, link: int, on_color: facts.Vector, *, on: bool) -> None:
        if self._shown_lights.get(name) == on:
            return
        color = on_color if on else facts.LIGHT_OFF
        pybullet.changeVisualShape(
            self._table, link, rgbaColor=color, physicsClientId=self._client.id
        )
        self._shown_lights[name] = on

    def frames(
        self,
        state: VisualState,
        sizes: Mapping[str, tuple[int, int]],
        *,
        depth: bool,
        **options: Any,
    ) -> dict[str, Frame]:
        """Return the pictures of the cameras in ``sizes``, each (height, width).

        ``options`` go to ``pybullet.getCameraImage``.
        """
        self._pose(state)
        return {
            name: self._frame(camera_view(name, state, size), size, depth=depth, **options)
            for name, size in sizes.items()
        }

    def _frame(self, view: View, size: tuple[int, int], *, depth: bool, **options: Any) -> Frame:
        height, width = size
        _, _, rgba, buffer, _ = pybullet.getCameraImage(
            width,
            height,
            view.view,
            view.projection,
            physicsClientId=self._client.id,
            **options,
        )
        rgb = np.asarray(rgba, np.uint8).reshape(height, width, 4)[:, :, :3]
        metres = metric_depth(np.asarray(buffer).reshape(height, width), view) if depth else None
        return Frame(np.ascontiguousarray(rgb), metres)

    def close(self) -> None:
        """Disconnect."""
        self._client.close()


def _robot_urdf(assets: SceneAssets, visuals: str) -> Any:
    if visuals == "exact":
        return assets.robot_urdf
    from vla_gym_calvin.scene_assets.low import low_urdf

    return low_urdf(assets.robot_urdf)
