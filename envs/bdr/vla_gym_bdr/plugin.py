"""What this package brings to vla_gym, by import string: importing this module costs nothing."""

from __future__ import annotations

from vla_gym.dataset_specs import DatasetSpecEntry
from vla_gym.plugins import (
    CheckEntry,
    Entry,
    EnvEntry,
    PolicyEntry,
    SuiteEntry,
    SuiteFormatEntry,
    hookimpl,
)
from vla_gym_bdr.names import SETTINGS, TASKS

_PACKAGE = "vla_gym_bdr"
_SUITES = f"{_PACKAGE}.suites"


def _env(name: str, task: str, summary: str) -> EnvEntry:
    return EnvEntry(
        name=name,
        target=f"{_PACKAGE}.env:BdrEnv",
        summary=summary,
        requires=("sapien",),
        install="pip install vla-gym-bdr",
        contract=f"{_PACKAGE}.spec:env_contract",
        tasks=f"{_PACKAGE}.spec:task_names",
        kwargs={"task": task},
    )


@hookimpl
def vla_gym_register() -> list[Entry]:
    """Return the environments, the expert, the suites, the format of task files and a check."""
    return [
        *_envs(),
        PolicyEntry(
            name="bdr-oracle",
            target=f"{_PACKAGE}.policies.oracle:BdrOracle",
            summary="scripted expert with ground-truth state, all 20 tasks: the upper bound",
        ),
        *_suites(),
        SuiteFormatEntry(
            name="bdr",
            target=f"{_SUITES}:from_document",
            summary="tasks at a table: objects, layout, goal",
            options=f"{_SUITES}:FileOptions",
        ),
        DatasetSpecEntry(
            name="bdrbench-20",
            target=f"{_PACKAGE}.spec:dataset_spec",
            summary="what the twin of BDRBench-20 records, in folders of any format",
        ),
        CheckEntry(name="bdr-physics", target=f"{_PACKAGE}.checks:check_physics"),
    ]


def _envs() -> list[EnvEntry]:
    """Return one environment per task, and one for tasks of users' own."""
    own = _env("BDRBench-v0", TASKS[0], "BDRBench, any task by its fields (task={...})")
    return [own, *(_env(f"BDRBench-{n}-v0", n, "BDRBench, digital twin") for n in TASKS)]


def _suites() -> list[SuiteEntry]:
    """Return the five settings, all of them together, and a quick one."""
    settings = [
        SuiteEntry(
            name=f"bdr/{name}",
            target=f"{_SUITES}:one_setting",
            summary=summary,
            options=f"{_SUITES}:BenchmarkOptions",
            bound={"setting": name},
        )
        for name, summary in SETTINGS.items()
    ]
    every = SuiteEntry(
        name="bdr/all",
        target=f"{_SUITES}:every_setting",
        summary="all five settings, one row each",
        options=f"{_SUITES}:BenchmarkOptions",
    )
    smoke = SuiteEntry(
        name="bdr/smoke",
        target=f"{_SUITES}:smoke",
        summary="two episodes: does everything run?",
        options=f"{_SUITES}:SmokeOptions",
    )
    return [*settings, every, smoke]
