"""Pictures of any pybullet client, not only of CALVIN's scenes.

pybullet cannot be asked reliably what its bodies look like, so it is said here which URDF a body
was loaded from; where its links are is asked at every picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vla_gym.errors import OptionError, RendererError
from vla_gym_calvin.rendering.base import Frame
from vla_gym_calvin.rendering.cameras import Matrix, View
from vla_gym_calvin.rendering.gl.context import acquire, release
from vla_gym_calvin.rendering.gl.kinematics import client_frames
from vla_gym_calvin.rendering.gl.stage import Actor, Stage
from vla_gym_calvin.rendering.gl.urdf import load_body


class ClientRenderer:
    """Draws the bodies of a pybullet client.

    Bodies must lie within some 1.5 m of (-0.2, -0.3, 0.45) m to cast shadows (see ``light``).

    Args:
        client: ``physicsClientId``.
        urdfs: The file of every body that is drawn, by ``bodyUniqueId``.
        scalings: ``globalScaling`` of the bodies that were loaded with one.
        fast: Whether heavy meshes cast the shadow of a simplified copy, and normals of flat faces
            come from their corners.
        device: Graphics card as CUDA counts them; ``None`` for the first, or the CPU.

    Raises:
        OptionError: When a file has another number of links than its body.
        RendererError: When OpenGL does not work here.
    """

    def __init__(
        self,
        client: int,
        urdfs: Mapping[int, Path],
        *,
        scalings: Mapping[int, float] | None = None,
        fast: bool = False,
        device: int | None = None,
    ) -> None:
        self._client = client
        self._ids = sorted(urdfs)
        scale = dict(scalings or {})
        bodies = {i: load_body(Path(urdfs[i]), scale.get(i, 1.0)) for i in self._ids}
        for number, body in bodies.items():
            links = len(client_frames(client, number)) - 1
            if links != len(body.links):
                raise OptionError(
                    f"body {number} has {links} links, {urdfs[number]} has {len(body.links)}: "
                    "expected the file that the body was loaded from, without merged links."
                )
        self._context = acquire(device)
        self._closed = False
        actors = [Actor(bodies[number]) for number in self._ids]
        self._stage = Stage(self._context, actors, keep=False, fast=fast, ids=self._ids)

    def render(
        self,
        view: Matrix,
        projection: Matrix,
        size: tuple[int, int],
        *,
        clip: tuple[float, float],
        depth: bool = False,
        segmentation: bool = False,
    ) -> Frame:
        """Return a picture of the present state.

        Args:
            view: As of ``pybullet.computeViewMatrix``.
            projection: As of ``pybullet.computeProjectionMatrixFOV``.
            size: (height, width).
            clip: Distances of the near and the far plane, m, for ``depth``.
            depth: Whether to read depth, in metres, too.
            segmentation: Whether to draw which link is seen, too.
        """
        if self._closed:
            raise RendererError("This 'gl' renderer is closed.")
        frames = np.concatenate([client_frames(self._client, number) for number in self._ids])
        camera = View(tuple(view), tuple(projection), *clip)
        pictures = self._stage.pictures(
            frames, {"picture": (camera, size)}, depth=depth, segmentation=segmentation
        )
        return pictures["picture"]

    def close(self) -> None:
        """Free what the renderer holds; a second call does nothing."""
        if not self._closed:
            self._closed = True
            del self._stage
            release(self._context)
