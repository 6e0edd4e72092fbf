"""What this package brings to vla_gym, by import string: importing this module costs nothing."""

from __future__ import annotations

from vla_gym.plugins import (
    AssetEntry,
    CheckEntry,
    DatasetEntry,
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


@hookimpl
def vla_gym_register_envs() -> list[EnvEntry]:
    """Return the three official settings; all are scene D unless ``scene=`` says otherwise."""
    return [
        EnvEntry(
            name=f"CALVIN-{setting}-v0",
            target=f"{_PACKAGE}.env:CalvinEnv",
            summary=f"CALVIN, {summary}",
            requires=("pybullet",),
            install="pip install pybullet",
            contract=f"{_PACKAGE}.spec:env_contract",
        )
        for setting, summary in _SETTINGS.items()
    ]


@hookimpl
def vla_gym_register_policies() -> list[PolicyEntry]:
    """Return the scripted expert."""
    return [
        PolicyEntry(
            name="calvin-oracle",
            target=f"{_PACKAGE}.policies.oracle:CalvinOracle",
            summary="scripted expert with ground-truth state, all 34 tasks: the upper bound",
        )
    ]


@hookimpl
def vla_gym_register_suites() -> list[SuiteEntry]:
    """Return the long-horizon evaluation in three settings, a short one, and two to learn from."""
    long = [
        SuiteEntry(
            name=f"calvin/{setting}",
            target=f"{_PACKAGE}.suites:{setting.lower().replace('-', '_')}",
            summary=f"1000 chains of 5 sub-tasks; {summary}",
        )
        for setting, summary in _SETTINGS.items()
    ]
    smoke = SuiteEntry(
        name="calvin/smoke",
        target=f"{_PACKAGE}.suites:smoke",
        summary="4 chains of 2 sub-tasks: does everything run?",
    )
    shown = SuiteEntry(
        name="calvin/demonstrations",
        target=f"{_PACKAGE}.demonstrations:demonstrations",
        summary="400 other chains of 5 sub-tasks, to collect demonstrations on",
    )
    quick = SuiteEntry(
        name="calvin/quick",
        target=f"{_PACKAGE}.demonstrations:quick",
        summary="60 single sub-tasks of three kinds: a training that takes minutes",
    )
    return [*long, smoke, shown, quick]


@hookimpl
def vla_gym_register_datasets() -> list[DatasetEntry]:
    """Return CALVIN's data on disk."""
    return [
        DatasetEntry(
            name="calvin",
            target=f"{_PACKAGE}.datasets:play",
            summary="CALVIN's folders: episode_*.npz and lang_annotations",
        )
    ]


@hookimpl
def vla_gym_register_assets() -> list[AssetEntry]:
    """Return the official CALVIN files."""
    return [
        AssetEntry(
            name="calvin",
            target=f"{_PACKAGE}.scene_assets.official:official_manifest",
            summary="official scenes A-D, robot, blocks and validation sentences (14 MB, MIT)",
        )
    ]


@hookimpl
def vla_gym_register_checks() -> list[CheckEntry]:
    """Return what ``vla-gym doctor`` asks."""
    names = ("physics", "gl", "egl", "assets")
    return [
        CheckEntry(name=f"calvin-{name}", target=f"{_PACKAGE}.checks:check_{name}")
        for name in names
    ]
