"""The trial picture of a renderer, drawn in a process that may die of it; ``probe`` asks for it.

``python -m vla_gym_calvin.rendering.probe_child gl`` prints one line with the answer.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

from vla_gym.errors import VlaGymError
from vla_gym_calvin.rendering.probe import MARK, Probe


def _try_gl() -> Probe:
    """Make a context with all programs, and draw and read one pixel."""
    from vla_gym_calvin.rendering.gl.context import acquire, release

    context = acquire()
    with context:
        target = context.gl.framebuffer([context.gl.renderbuffer((1, 1), 4)])
        target.clear(1.0, 0.0, 1.0)
        pixel = target.read(components=3)
    driver = context.driver
    release(context)
    if pixel != b"\xff\x00\xff":
        return Probe(ok=False, driver=driver, problem=f"{driver} draws a wrong colour.")
    return Probe(ok=True, driver=driver)


def _try_egl() -> Probe:
    """Draw a box with the plugin; ends this process where EGL is unusable."""
    import pybullet

    from vla_gym_calvin.rendering.egl import gl_strings, plugin_path, quiet
    from vla_gym_calvin.world.client import Client

    client = Client()
    handle = pybullet.loadPlugin(plugin_path(), "_eglRendererPlugin", physicsClientId=client.id)
    if handle < 0:
        return Probe(ok=False, problem="pybullet could not load its EGL plugin.")
    with quiet():
        colors = _box_colors(client.id)
    if colors < 2:
        return Probe(ok=False, problem="the trial picture of a box is of one colour.")
    return Probe(ok=True, driver=" / ".join(gl_strings().values()))


def _box_colors(client: int) -> int:
    import numpy as np
    import pybullet

    shape = pybullet.createVisualShape(
        pybullet.GEOM_BOX, halfExtents=(0.2, 0.2, 0.2), physicsClientId=client
    )
    pybullet.createMultiBody(baseVisualShapeIndex=shape, physicsClientId=client)
    view = pybullet.computeViewMatrix((1, 1, 1), (0, 0, 0), (0, 0, 1))
    lens = pybullet.computeProjectionMatrixFOV(60, 1, 0.1, 5)
    picture = pybullet.getCameraImage(
        *(64, 64, view, lens),
        renderer=pybullet.ER_BULLET_HARDWARE_OPENGL,
        physicsClientId=client,
    )
    return len(np.unique(np.asarray(picture[2]).reshape(-1, 4), axis=0))


def _main() -> None:
    try:
        found = {"gl": _try_gl, "egl": _try_egl}[sys.argv[1]]()
    except Exception as error:  # the parent wants a sentence, not a traceback
        kind = "" if isinstance(error, VlaGymError) else f"{type(error).__name__}: "
        found = Probe(ok=False, problem=f"{kind}{error}")
    print(MARK + json.dumps(asdict(found)), flush=True)
    os._exit(0)  # the plugin's own destructors may crash


if __name__ == "__main__":
    _main()
