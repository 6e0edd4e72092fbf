"""What ``vla-gym doctor`` asks about CALVIN: physics, pictures, official files."""

from __future__ import annotations

import importlib.metadata

from vla_gym.doctor import CheckResult
from vla_gym_calvin.rendering.probe import probe
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.scene_assets.official import official_status

_SCENE = "D"
_MESA = "apt-get install -y libegl1 libgl1 libgl1-mesa-dri"


def check_physics() -> CheckResult:
    """Build the evaluation scene and let it move."""
    from vla_gym_calvin.world import World

    assets = scene_assets(_SCENE)
    world = World(assets)
    world.reset()
    world.close()
    version = importlib.metadata.version("pybullet")
    detail = f"pybullet {version}, {assets.kind} scene {_SCENE}"
    return CheckResult(name="CALVIN physics", status="ok", detail=detail)


def check_gl() -> CheckResult:
    """Try our own renderer."""
    found = probe("gl")
    if found.ok:
        return CheckResult(name="CALVIN renderer gl", status="ok", detail=found.driver)
    return CheckResult(
        name="CALVIN renderer gl",
        status="warn",
        detail=f"{found.problem}; renderer 'auto' is tiny here, whose pictures differ",
        fix=_MESA,
    )


def check_egl() -> CheckResult:
    """Try pybullet's OpenGL renderer, which CALVIN's data was recorded with."""
    found = probe("egl")
    if found.ok:
        return CheckResult(name="CALVIN renderer egl", status="ok", detail=found.driver)
    return CheckResult(
        name="CALVIN renderer egl",
        status="warn",
        detail=found.problem,
        fix=_MESA,
    )


def check_assets() -> CheckResult:
    """Look for the official files of the evaluation scene."""
    found = official_status(_SCENE)
    detail = f"{found.present} of {found.total} official files in {found.root}"
    if found.state == "complete":
        return CheckResult(name="CALVIN assets", status="ok", detail=detail)
    if found.state != "absent":
        detail = f"{detail}: {found.problems[0].message}"
    return CheckResult(
        name="CALVIN assets",
        status="warn",
        detail=f"{detail}; the built-in scenes are used",
        fix="vla-gym assets fetch calvin",
    )
