"""Can SAPIEN draw here, and with what? Asked once, in a child process that may crash.

A machine without a Vulkan driver (or with a broken one) must end in one line that says what to
install, never in an aborted process. Compiling the shaders takes 8 to 30 s a process on a CPU;
whoever waits is told.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from vla_gym.errors import MissingDependencyError, UnknownNameError

SHADERS = ("default", "trivial")
"""SAPIEN's shader packs: lit as the published numbers were made, and unlit for fast tests."""
LEAST_SIDE = 8
"""Pixels of a side of a picture that is drawn."""

FIX = (
    "apt-get install -y libvulkan1 mesa-vulkan-drivers "
    "(Debian 12: from bookworm-backports; `scripts/install_rendering.sh vulkan` does it)"
)
_TIMEOUT = 120.0  # s
_DRIVERS = ("VK_ICD_FILENAMES", "VK_DRIVER_FILES")  # what the loader looks at
_FOUND = "VLA_GYM_VULKAN_FOUND"
"""Environment variable that tells workers what was found, and for which drivers."""
_PROBE = "import sapien; print(sapien.render.RenderSystem().device.name)"
_announced: set[str] = set()


@dataclass(frozen=True)
class Device:
    """What a probe found.

    Attributes:
        name: Of the device, empty when there is none.
        problem: Why there is none.
    """

    name: str = ""
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether pictures can be taken."""
        return bool(self.name)


def check_shader(name: str) -> str:
    """Return a known shader's name.

    Raises:
        UnknownNameError: For another one.
    """
    if name not in SHADERS:
        raise UnknownNameError("shader", name, SHADERS)
    return name


@lru_cache(maxsize=1)
def probe() -> Device:
    """Return the Vulkan device that SAPIEN would draw with, asked in a child process."""
    drivers = "|".join(os.environ.get(name, "") for name in _DRIVERS)
    asked, _, name = os.environ.get(_FOUND, "").rpartition("|")
    if name and asked == drivers:
        return Device(name=name)
    found = _ask()
    if found.ok:
        os.environ[_FOUND] = f"{drivers}|{found.name}"
    return found


def _ask() -> Device:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return Device(problem=f"no answer in {_TIMEOUT:.0f} s")
    if done.returncode == 0 and done.stdout.strip():
        return Device(name=done.stdout.strip().splitlines()[-1])
    lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
    reason = lines[-1] if lines else f"the probe ended with status {done.returncode}"
    return Device(problem=reason)


def require_device() -> Device:
    """Return the device.

    Raises:
        MissingDependencyError: When there is none; says what to install.
    """
    found = probe()
    if not found.ok:
        raise MissingDependencyError(
            f"SAPIEN finds no Vulkan device to draw with ({found.problem}). Fix: {FIX}. "
            "Without pictures (cameras=()) everything else works."
        )
    return found


@contextlib.contextmanager
def announce_compilation(shader: str) -> Iterator[None]:
    """Say, once a process, that the first picture compiles shaders, and how long it took."""
    if shader in _announced:
        yield
        return
    _announced.add(shader)
    if shader != "trivial":
        _say(f"compiling the {shader!r} shaders of this process (8 to 30 s on a CPU) ...")
    began = time.perf_counter()
    yield
    if shader != "trivial":
        _say(f"shaders ready after {time.perf_counter() - began:.1f} s")


def _say(message: str) -> None:
    print(f"[sapien {os.getpid()}] {message}", file=sys.stderr, flush=True)
