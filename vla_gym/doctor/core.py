"""The checks that need no plugin: interpreter, processors, memory, disk, videos, plugins, torch."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vla_gym.doctor.result import CheckResult
from vla_gym.errors import VlaGymError

MIN_PYTHON = (3, 10)
MIN_SHARED_MIB = 64
MIN_FREE_GIB = 2.0
_TORCH = """
import torch
cuda = torch.cuda.is_available()
name = torch.cuda.get_device_name(0) if cuda else "no CUDA device"
if cuda:
    (torch.ones(8, device="cuda") @ torch.ones(8, device="cuda")).item()
print(torch.__version__, name, sep="; ")
"""


def check_python() -> CheckResult:
    """Look at the interpreter."""
    detail = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info >= MIN_PYTHON:
        return CheckResult(name="python", status="ok", detail=detail)
    wanted = ".".join(map(str, MIN_PYTHON))
    return CheckResult(
        name="python", status="fail", detail=detail, fix=f"use Python {wanted} or newer"
    )


def check_processors() -> CheckResult:
    """Count the cores that this process may use."""
    total = os.cpu_count() or 1
    affinity = getattr(os, "sched_getaffinity", None)
    usable = len(affinity(0)) if affinity is not None else total
    detail = f"{usable} of {total} cores usable: --workers auto starts {usable} workers"
    return CheckResult(name="processors", status="ok", detail=detail)


def check_shared_memory() -> CheckResult:
    """Look at what the frames of the workers go through."""
    folder = Path("/dev/shm")
    if not folder.is_dir():
        detail = "/dev/shm is absent; frames go through the system's own shared memory"
        return CheckResult(name="shared memory", status="ok", detail=detail)
    free = shutil.disk_usage(folder).free / 2**20
    detail = f"{free:.0f} MiB free in {folder}"
    if free >= MIN_SHARED_MIB:
        return CheckResult(name="shared memory", status="ok", detail=detail)
    fix = "in a container: docker run --shm-size=1g; else: mount -o remount,size=1g /dev/shm"
    return CheckResult(name="shared memory", status="fail", detail=detail, fix=fix)


def check_disk() -> CheckResult:
    """Look at the space for journals and videos in the working directory."""
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    detail = f"{free:.1f} GiB free in {Path.cwd()}"
    if free >= MIN_FREE_GIB:
        return CheckResult(name="disk", status="ok", detail=detail)
    fix = "free some space, give --out on another disk, or use --video none"
    return CheckResult(name="disk", status="warn", detail=detail, fix=fix)


def check_videos() -> CheckResult:
    """Encode a few frames and read them again."""
    from vla_gym.video_file import FOR_PEOPLE, read_frames, versions, write_frames

    black = [np.zeros((16, 16, 3), np.uint8)] * 3
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "three.mp4"
            write_frames(path, black, fps=15.0, encoding=FOR_PEOPLE)
            read_frames(path, len(black))
    except (ImportError, OSError, ValueError, VlaGymError) as error:
        fix = "pip install av imageio; or use --video none"
        return CheckResult(name="videos", status="warn", detail=str(error), fix=fix)
    found = ", ".join(f"{name} {version}" for name, version in versions().items())
    return CheckResult(name="videos", status="ok", detail=found)


def check_plugins() -> CheckResult:
    """Look for plugins that could not be loaded."""
    from vla_gym.registry import registry

    plugins = registry().plugins
    broken = [f"{plugin.name}: {plugin.error}" for plugin in plugins if plugin.error]
    if not broken:
        names = ", ".join(plugin.name for plugin in plugins) or "none"
        return CheckResult(name="plugins", status="ok", detail=names)
    fix = "reinstall or update what is named, or block it with VLA_GYM_DISABLE_PLUGINS"
    return CheckResult(name="plugins", status="warn", detail="; ".join(broken), fix=fix)


def check_torch() -> CheckResult:
    """Look for torch and compute something on the GPU, in a process of its own."""
    name = "torch"
    if importlib.util.find_spec(name) is None:
        detail = "not installed; only policies that need it miss it"
        return CheckResult(name=name, status="ok", detail=detail)
    command = [sys.executable, "-c", _TORCH]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    except subprocess.TimeoutExpired:
        return CheckResult(
            name=name, status="warn", detail="no answer in 50 s", fix="look at nvidia-smi"
        )
    if done.returncode == 0:
        return CheckResult(name=name, status="ok", detail=done.stdout.strip())
    detail = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    fix = "install a torch that fits the driver (https://pytorch.org/get-started/locally)"
    return CheckResult(name=name, status="warn", detail=detail, fix=fix)


CORE_CHECKS: dict[str, Callable[[], CheckResult]] = {
    "python": check_python,
    "processors": check_processors,
    "shared memory": check_shared_memory,
    "disk": check_disk,
    "videos": check_videos,
    "plugins": check_plugins,
    "torch": check_torch,
}
"""By name; none of them loads anything that could take the process down."""
