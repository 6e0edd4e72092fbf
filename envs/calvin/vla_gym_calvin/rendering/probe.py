"""Finding out whether a renderer works here, without dying of the answer.

pybullet's EGL plugin ends the process when there is no usable driver, and a broken driver may hang
or crash whoever calls it, us too.
So a child process draws one picture under a time limit, and the answer is remembered: in this
process, and on disk for a while under a hash of what it depends on (driver files, devices,
environment variables), because dozens of workers ask the same question.

``probe_child`` is what that child runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from vla_gym.files import write_atomically
from vla_gym_calvin.scene_assets.cache import cache_root, content_key

TIME_LIMIT_S = 120.0  # llvmpipe compiles its shaders on a busy machine
REMEMBER_OK_S = 24 * 3600.0
REMEMBER_FAILURE_S = 60.0
MARK = "vla_gym probe: "
"""What the line with the child's answer begins with."""
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
    text = json.dumps({"time": time.time(), "found": asdict(found)})
    with suppress(OSError):
        write_atomically(file, text.encode())


def _ask_child(name: str) -> Probe:
    command = [sys.executable, "-m", "vla_gym_calvin.rendering.probe_child", name]
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
        if line.startswith(MARK):
            return Probe(**json.loads(line.removeprefix(MARK)))
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    said = f": {lines[-1].strip()}" if lines else ""
    return Probe(ok=False, problem=f"a trial process ended with code {done.returncode}{said}.")
