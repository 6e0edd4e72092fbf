"""What ``vla-gym doctor`` asks about SimplerEnv: physics, pictures, official files."""

from __future__ import annotations

import importlib.metadata

from vla_gym_sapien.rendering import FIX, probe

from vla_gym.assets import asset_root
from vla_gym.doctor import CheckResult
from vla_gym_simpler.assets import asset_set
from vla_gym_simpler.assets.official import robot_files_are_there
from vla_gym_simpler.facts.robots import ROBOTS
from vla_gym_simpler.reset_options import ResetOptions


def check_physics() -> CheckResult:
    """Build a scene of our own and let a cube fall."""
    from vla_gym_simpler.simulation import Simulation
    from vla_gym_simpler.tasks import make_task

    task = make_task("widowx_stack_cube")
    assets = asset_set("builtin", task.robot.name)
    initial = task.draw(0, ResetOptions(episode=0))
    Simulation(initial, assets, engine="sapien3", shader="default").close()
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
    there = [name for name in ROBOTS if robot_files_are_there(name)]
    if len(there) == len(ROBOTS):
        return CheckResult(
            name="SimplerEnv assets", status="ok", detail=f"official files in {asset_root()}"
        )
    return CheckResult(
        name="SimplerEnv assets",
        status="warn",
        detail=f"official files of {there or 'no robot'} in {asset_root()}; built-in ones are used",
        fix="vla-gym assets fetch simpler",
    )
