"""In which world a run took place: recorded with the results, never part of their identity.

Two runs with different provenance may be compared; the differences are shown beside the numbers.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import vla_gym
from vla_gym.differences import differing
from vla_gym.registry import registry

PACKAGES = ("vla-gym", "gymnasium", "numpy", "pydantic")
"""Versions always recorded; the distributions of all plugins are added."""


def collect() -> dict[str, Any]:
    """Return versions, commit and machine; what environments say is added when they are built."""
    return {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": versions(),
        "git": git_state(Path(vla_gym.__file__).parent),
        "machine": {
            "host": platform.node(),
            "system": platform.platform(),
            "cpus": os.cpu_count(),
        },
        "command": sys.argv,
        "environments": {},
        "warnings": [],
    }


def inference() -> dict[str, Any]:
    """Return what the numbers of a policy depend on besides itself: processor, BLAS, device.

    To be called when the policy is made, so that what it computes with is loaded.
    """
    from threadpoolctl import threadpool_info

    libraries = {
        f"{item['internal_api']} {item.get('version')} {item.get('architecture', '')}".strip()
        for item in threadpool_info()
    }
    found: dict[str, Any] = {"processor": processor(), "libraries": sorted(libraries)}
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = str(torch.__version__)
        found["cpu_capability"] = torch.backends.cpu.get_cpu_capability()
        used = torch.cuda.is_available() and torch.cuda.is_initialized()
        found["gpu"] = torch.cuda.get_device_name() if used else None
    return found


def processor() -> str:
    """Return the name of the CPU."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return lines that say where a run goes on elsewhere than it began."""
    before, now = old.get("inference") or {}, new.get("inference") or {}
    found = differing(before, now) if before else []
    if not found:
        return []
    changes = "; ".join(f"{key}: {a} there, {b} now" for key, a, b in found)
    return [
        f"the run goes on on another kind of machine, where a policy may compute other last "
        f"digits ({changes})"
    ]


def versions() -> dict[str, str]:
    """Return the versions of Python, of what the core stands on, and of all plugins."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    for plugin in registry().plugins:
        name, _, version = plugin.distribution.rpartition(" ")
        found[name] = version
    return found


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return commit and whether there were changes, or ``None`` outside a repository."""
    # A virtual environment may lie in somebody else's repository: our files must be tracked.
    if not _git(folder, "ls-files", "__init__.py"):
        return None
    commit = _git(folder, "rev-parse", "HEAD")
    return {"commit": commit, "changed": bool(_git(folder, "status", "--porcelain", "-uno"))}


def merged(old: Mapping[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    """Return ``new`` with the earlier sessions of the same run under ``earlier``."""
    if old is None:
        return new
    # Environments and warnings belong to the run as a whole, the rest to a session.
    kept = {key: old[key] for key in ("environments", "warnings") if key in old}
    session = {key: value for key, value in old.items() if key not in {"earlier", *kept}}
    return {**new, **kept, "earlier": [*old.get("earlier", ()), session]}


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            # Without locks: a run that is killed must not leave one in somebody's repository.
            ["git", "--no-optional-locks", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
