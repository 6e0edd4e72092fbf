"""The core knows no benchmark, no model and no simulator, and each package imports what it says."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = sorted(
    path.parent
    for pattern in ("pyproject.toml", "envs/*/pyproject.toml", "policies/*/pyproject.toml")
    for path in ROOT.glob(pattern)
)

BENCHMARKS = "calvin simpler_?env libero bridge_?data robocasa metaworld rlbench bdr bytedance"
ROBOTS = r"widowx google[-\s]?robot franka panda kinova robotiq"
SIMULATORS = "py_?bullet sapien mujoco isaac_?(sim|gym|lab) mani_?skill robosuite genesis"
MODELS = r"robovlms? open_?vla octo rt[-_]?[12x] kosmos pali_?gemma llava qwen moondream smolvlm? \
    smolvla pi_?0 hulc gr[-_]?1 mcil voltron r3m"
NAMES = re.compile(
    r"(?<![a-z0-9])("
    + "|".join(" ".join((BENCHMARKS, ROBOTS, SIMULATORS, MODELS)).split())
    + r")(?![a-z0-9])",
    re.IGNORECASE,
)
HEAVY = ("pybullet", "sapien", "mujoco", "torch", "jax", "tensorflow", "transformers", "moderngl")
IMPORT_EVERYTHING = """
import importlib, pkgutil, sys, vla_gym
for module in pkgutil.walk_packages(vla_gym.__path__, "vla_gym."):
    inside = module.name.startswith("vla_gym.training.")  # torch is allowed there
    if not module.name.endswith("__main__") and not inside:
        importlib.import_module(module.name)
print(" ".join(name for name in {heavy!r} if name in sys.modules))
"""


def sources(package: Path) -> Iterator[Path]:
    return (path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")


def settings(project: Path) -> dict[str, Any]:
    """Return the parsed pyproject.toml of a package."""
    return tomllib.loads((project / "pyproject.toml").read_text())


def packages(project: Path) -> list[str]:
    """Import packages of a distribution."""
    return list(settings(project)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def imported(path: Path) -> set[str]:
    """Top-level modules that a Python file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def requirement(text: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;@]", text.strip())[0]).lower()


def test_the_core_names_no_benchmark_model_robot_or_simulator() -> None:
    hits = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources(ROOT / "vla_gym")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if NAMES.search(line)
    ]
    assert hits == []


def test_the_scan_finds_such_names_where_they_are() -> None:
    for text in ("CALVIN's", "calvin_env", "`pybullet`", "RT-1", "OpenVLA", "google robot"):
        assert NAMES.search(text), text
    for text in ("simpler", "pandas", "octopus", "a bridge", "art-1"):
        assert not NAMES.search(text), text


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_a_package_imports_only_what_it_declares(project: Path) -> None:
    if not all(importlib.util.find_spec(package) for package in packages(project)):
        pytest.skip(f"{project.name} is not installed, so nobody knows whose modules it imports")
    metadata = settings(project)["project"]
    extras = metadata.get("optional-dependencies", {}).values()
    declared = {
        requirement(text)
        for group in (metadata["dependencies"], *extras, [metadata["name"]])
        for text in group
    }
    owners = {
        module: {requirement(name) for name in names}
        for module, names in importlib.metadata.packages_distributions().items()
    }
    for other in PROJECTS:  # editable installations do not say which modules they bring
        name = requirement(settings(other)["project"]["name"])
        owners.update({package: {name} for package in packages(other)})
    undeclared = {
        f"{path.relative_to(ROOT)}: {module}"
        for package in packages(project)
        for path in (project / package).rglob("*.py")
        for module in imported(path) - set(sys.stdlib_module_names)
        if not owners.get(module, {requirement(module)}) & declared  # some wheels do not say
    }
    assert undeclared == set()


def test_the_core_imports_no_torch_outside_training() -> None:
    allowed = ROOT / "vla_gym" / "training"
    offenders = [
        path.relative_to(ROOT)
        for path in (ROOT / "vla_gym").rglob("*.py")
        if allowed not in path.parents and imported(path) & set(HEAVY)
    ]
    assert offenders == []


def test_importing_all_of_the_core_loads_no_simulator_and_no_network_library() -> None:
    script = IMPORT_EVERYTHING.format(heavy=HEAVY)
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []
