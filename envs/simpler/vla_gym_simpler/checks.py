"""What ``vla-gym doctor`` asks about SimplerEnv: physics, pictures, official files."""

from __future__ import annotations

import importlib.metadata

from vla_gym_sapien.rendering import FIX, probe

from vla_gym.assets import asset_root
from vla_gym.doctor import CheckResult
from vla_gym_simpler.assets import asset_set
from vla_gym_simpler.assets.official import robot_files_are_there
from vla_gym_simpler.facts.robots import GOOGLE, WIDOWX


def check_physics() -> CheckResult:
    """Build a scene of our own and let a cube fall."""
    from vla_gym_simpler.simulation import Simulation
    from vla_gym_simpler.tasks.base import Options, Variant
    from vla_gym_simpler.tasks.put_on import STACK

    setup = STACK.draw(0, Options(episode=0), Variant())
    Simulation(setup, asset_set("builtin", "widowx"), engine="sapien3", shader="default").close()
    version = importlib.metadata.version("sapien")
    return CheckResult(name="SimplerEnv physics", status="ok", detail=f"sapien {version}")


def check_vulkan() -> CheckResult:
    """Look for a Vulkan device, in a child process."""
    found = probe()
    if found.ok:
        return CheckResult(name="SimplerEnv renderer", status="ok", detail=found.name)
    return CheckResult(
        name="SimplerEnv renderer",
        status="warn",
        detail=f"no Vulkan device ({found.problem}); only policies without cameras can run",
        fix=FIX,
    )


def check_assets() -> CheckResult:
    """Look for the official files."""
    there = [facts.name for facts in (WIDOWX, GOOGLE) if robot_files_are_there(facts.name)]
    if len(there) == 2:
        return CheckResult(
            name="SimplerEnv assets", status="ok", detail=f"official files in {asset_root()}"
        )
    return CheckResult(
        name="SimplerEnv assets",
        status="warn",
        detail=f"official files of {there or 'no robot'} in {asset_root()}; built-in ones are used",
        fix="vla-gym assets fetch simpler",
    )
