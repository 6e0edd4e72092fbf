"""Finding out whether a renderer works here, without dying of the answer.

pybullet's EGL plugin ends the process when there is no usable driver, and a broken driver may hang
or crash whoever calls it, us too.
So a child process draws one picture under a time limit, and the answer is remembered: in this
process, and on disk for a while under a hash of what it depends on (driver files, devices,
environment variables), because dozens of workers ask the same question.

``python -m vla_gym_calvin.rendering.probe gl`` is that child.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from vla_gym.errors import VlaGymError
from vla_gym_calvin.scene_assets.cache import cache_root, content_key

TIME_LIMIT_S = 120.0  # llvmpipe compiles its shaders on a busy machine
REMEMBER_OK_S = 24 * 3600.0
REMEMBER_FAILURE_S = 60.0
_MARK = "vla_gym probe: "
_VARIABLES = (
    "VLA_GYM_RENDER",
    "EGL",
    "__EGL",
    "__GLX",
    "LIBGL",
    "MESA",
    "GALLIUM",
    "LP_",
    "CUDA_VIS",
    "LD_LIBRARY",
)
_DRIVER_FILES = (
    ("/usr/share/glvnd/egl_vendor.d", "*"),
    ("/etc/glvnd/egl_vendor.d", "*"),
    ("/usr/lib", "*/libEGL*.so.*"),
    ("/usr/lib", "*/dri/*_dri.so"),
    ("/usr/lib", "*/libgallium*.so"),
    ("/usr/lib64", "libEGL*.so.*"),
    ("/dev/dri", "*"),
    ("/dev", "nvidia*"),
)


@dataclass(frozen=True)
class Probe:
    """What a child process found.

    Attributes:
        ok: Whether the renderer drew a picture.
        driver: Vendor, renderer and version, where known.
        problem: One sentence on what went wrong; empty when nothing did.
    """

    ok: bool
    driver: str = ""
    problem: str = ""


@lru_cache(maxsize=4)
def probe(name: str) -> Probe:
    """Return whether a renderer works here; asks a child process at most once per process."""
    file = cache_root() / "probe" / f"{name}-{_fingerprint()}.json"
    found = _remembered(file)
    if found is None:
        found = _ask_child(name)
        _remember(file, found)
    return found


def _fingerprint() -> str:
    """Return a hash of all that could change the answer."""
    parts = [sys.executable]
    parts += sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith(_VARIABLES))
    for folder, pattern in _DRIVER_FILES:
        for path in sorted(Path(folder).glob(pattern)):
            parts.append(f"{path} {_stamp(path)}")
    return content_key("\n".join(parts))


def _stamp(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return "unreadable"
    # Device files change their times whenever they are used.
    return "device" if path.parts[1] == "dev" else f"{stat.st_size} {int(stat.st_mtime)}"


def _remembered(file: Path) -> Probe | None:
    try:
        record = json.loads(file.read_text())
        found = Probe(**record["found"])
        age = time.time() - record["time"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    limit = REMEMBER_OK_S if found.ok else REMEMBER_FAILURE_S
    return found if 0 <= age < limit else None


def _remember(file: Path, found: Probe) -> None:
    """Write the answer in one move; a disk that cannot be written only costs the next process."""
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"time": time.time(), "found": asdict(found)}))
        temporary.replace(file)
    except OSError:
        temporary.unlink(missing_ok=True)


def _ask_child(name: str) -> Probe:
    command = [sys.executable, "-m", "vla_gym_calvin.rendering.probe", name]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Probe(ok=False, problem=f"a trial picture took longer than {TIME_LIMIT_S:.0f} s.")
    except OSError as error:
        return Probe(ok=False, problem=f"no child process could be started ({error}).")
    return _read_answer(done)


def _read_answer(done: subprocess.CompletedProcess[str]) -> Probe:
    for line in done.stdout.splitlines():
        if line.startswith(_MARK):
            return Probe(**json.loads(line.removeprefix(_MARK)))
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    said = f": {lines[-1].strip()}" if lines else ""
    return Probe(ok=False, problem=f"a trial process ended with code {done.returncode}{said}.")


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
    print(_MARK + json.dumps(asdict(found)), flush=True)
    os._exit(0)  # the plugin's own destructors may crash


if __name__ == "__main__":
    _main()
