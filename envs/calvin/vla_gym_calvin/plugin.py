"""What this package brings to vla_gym, by import string: importing this module costs nothing."""

from __future__ import annotations

from vla_gym.dataset_specs import DatasetSpecEntry
from vla_gym.plugins import (
    AssetEntry,
    CheckEntry,
    DatasetEntry,
    Entry,
    EnvEntry,
    PolicyEntry,
    SuiteEntry,
    hookimpl,
)

_PACKAGE = "vla_gym_calvin"
_SETTINGS = {
    "D-D": "trained and tested in scene D",
    "ABC-D": "trained in scenes A, B and C, tested in the unseen scene D",
    "ABCD-D": "trained in all four scenes, tested in scene D",
}
_CHECKS = ("physics", "gl", "egl", "assets")


@hookimpl
def vla_gym_register() -> list[Entry]:
    """Return environments, expert, suites, data on disk, official files and checks."""
    checks = [CheckEntry(f"calvin-{name}", f"{_PACKAGE}.checks:check_{name}") for name in _CHECKS]
    return [*_envs(), _expert(), *_suites(), _data(), _numbers(), _files(), *checks]


def _envs() -> list[EnvEntry]:
    """Return the three official settings; all are scene D unless ``scene=`` says otherwise."""
    return [
        EnvEntry(
            name=f"CALVIN-{setting}-v0",
            target=f"{_PACKAGE}.env:CalvinEnv",
            summary=f"CALVIN, {summary}",
            requires=("pybullet",),
            install="pip install pybullet",
            contract=f"{_PACKAGE}.spec:env_contract",
            tasks=f"{_PACKAGE}.spec:task_names",
        )
        for setting, summary in _SETTINGS.items()
    ]


def _expert() -> PolicyEntry:
    return PolicyEntry(
        name="calvin-oracle",
        target=f"{_PACKAGE}.policies.oracle:CalvinOracle",
        summary="scripted expert with ground-truth state, all 34 tasks: the upper bound",
        options=f"{_PACKAGE}.policies.oracle:OracleOptions",
    )


def _suites() -> list[SuiteEntry]:
    """Return the long-horizon evaluation in three settings, a short one, and two to learn from."""
    published = {"ABC-D": "ABC", "ABCD-D": "ABCD"}
    target, options = f"{_PACKAGE}.suites:long_horizon", f"{_PACKAGE}.suites:ChainOptions"
    long = [
        SuiteEntry(
            name=f"calvin/{name}",
            summary=f"1000 chains of 5 sub-tasks; {summary}",
            bound={
                "name": name,
                "env_id": f"CALVIN-{name}-v0",
                "published": published.get(name, ""),
            },
            target=target,
            options=options,
        )
        for name, summary in _SETTINGS.items()
    ]
    smoke = SuiteEntry(
        name="calvin/smoke",
        summary="4 chains of 2 sub-tasks: does everything run?",
        defaults={"chains": 4, "length": 2, "max_steps": 150},
        bound={"name": "smoke"},
        target=target,
        options=options,
    )
    shown = SuiteEntry(
        name="calvin/demonstrations",
        target=f"{_PACKAGE}.demonstrations:demonstrations",
        summary="400 other chains of 5 sub-tasks, to collect demonstrations on",
        options=f"{_PACKAGE}.demonstrations:DemonstrationOptions",
    )
    quick = SuiteEntry(
        name="calvin/quick",
        target=f"{_PACKAGE}.demonstrations:quick",
        summary="60 single sub-tasks of three kinds: a training that takes minutes",
        options=f"{_PACKAGE}.demonstrations:QuickOptions",
    )
    return [*long, smoke, shown, quick]


def _numbers() -> DatasetSpecEntry:
    return DatasetSpecEntry(
        name="calvin",
        target=f"{_PACKAGE}.spec:dataset_spec",
        summary="CALVIN's relative actions at 30 Hz, in folders of any format",
    )


def _data() -> DatasetEntry:
    return DatasetEntry(
        name="calvin",
        target=f"{_PACKAGE}.datasets:format",
        summary="CALVIN's folders: episode_*.npz and lang_annotations",
        options=f"{_PACKAGE}.datasets.format:PlayOptions",
        audit_options=f"{_PACKAGE}.datasets.format:AuditOptions",
    )


def _files() -> AssetEntry:
    return AssetEntry(
        name="calvin",
        target=f"{_PACKAGE}.scene_assets.official:official_manifest",
        summary="official scenes A-D, robot, blocks and validation sentences (14 MB, MIT)",
    )
