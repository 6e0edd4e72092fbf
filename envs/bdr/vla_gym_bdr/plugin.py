"""What this package brings to vla_gym, by import string: importing this module costs nothing."""

from __future__ import annotations

from vla_gym.plugins import (
    CheckEntry,
    EnvEntry,
    PolicyEntry,
    SuiteEntry,
    SuiteFormatEntry,
    hookimpl,
)
from vla_gym_bdr.names import SETTINGS, TASKS

_PACKAGE = "vla_gym_bdr"


def _env(name: str, task: str, summary: str) -> EnvEntry:
    return EnvEntry(
        name=name,
        target=f"{_PACKAGE}.env:BdrEnv",
        summary=summary,
        requires=("sapien",),
        install="pip install vla-gym-bdr",
        contract=f"{_PACKAGE}.spec:env_contract",
        kwargs={"task": task},
    )


@hookimpl
def vla_gym_register_envs() -> list[EnvEntry]:
    """Return one environment a task, and one for tasks of users' own."""
    own = _env("BDRBench-v0", TASKS[0], "BDRBench, any task by its fields (task={...})")
    return [own, *(_env(f"BDRBench-{n}-v0", n, "BDRBench, digital twin") for n in TASKS)]


@hookimpl
def vla_gym_register_policies() -> list[PolicyEntry]:
    """Return the scripted expert."""
    return [
        PolicyEntry(
            name="bdr-oracle",
            target=f"{_PACKAGE}.policies.oracle:BdrOracle",
            summary="scripted expert with ground-truth state, all 20 tasks: the upper bound",
        )
    ]


@hookimpl
def vla_gym_register_suites() -> list[SuiteEntry]:
    """Return the five settings, all of them together, and a quick one."""
    target = f"{_PACKAGE}.suites"
    settings = [
        SuiteEntry(f"bdr/{name}", f"{target}:one_setting", summary, kwargs={"setting": name})
        for name, summary in SETTINGS.items()
    ]
    return [
        *settings,
        SuiteEntry("bdr/all", f"{target}:every_setting", "all five settings, a row each"),
        SuiteEntry("bdr/smoke", f"{target}:smoke", "two episodes: does everything run?"),
    ]


@hookimpl
def vla_gym_register_suite_formats() -> list[SuiteFormatEntry]:
    """Return the format of task files."""
    target = f"{_PACKAGE}.suites:from_document"
    return [SuiteFormatEntry("bdr", target, "tasks at a table: objects, layout, goal")]


@hookimpl
def vla_gym_register_checks() -> list[CheckEntry]:
    """Return what ``vla-gym doctor`` asks."""
    return [CheckEntry(name="bdr-physics", target=f"{_PACKAGE}.checks:check_physics")]
