"""What this package brings to vla_gym, by import string: importing this module costs nothing."""

from __future__ import annotations

from vla_gym.plugins import (
    AssetEntry,
    CheckEntry,
    EnvEntry,
    PolicyEntry,
    SuiteEntry,
    hookimpl,
)
from vla_gym_simpler.facts.tasks import TASKS

_PACKAGE = "vla_gym_simpler"
_SUITES = {
    "widowx": "24 episodes of each of the four Bridge tasks",
    "google-robot": "visual matching: coke 300, move near 240, drawers 216, apple 108 episodes",
    "google-robot-variants": "variant aggregation: 675 / 480 / 378 / 189 episodes",
    "smoke": "one WidowX episode: does everything run?",
}


@hookimpl
def vla_gym_register_envs() -> list[EnvEntry]:
    """Return one environment a task."""
    return [
        EnvEntry(
            name=facts.env_id,
            target=f"{_PACKAGE}.env:SimplerEnv",
            summary=f"SimplerEnv, {facts.summary}",
            requires=("sapien",),
            install="pip install vla-gym-simpler",
            contract=f"{_PACKAGE}.spec:env_contract",
            kwargs={"task": name},
        )
        for name, facts in TASKS.items()
    ]


@hookimpl
def vla_gym_register_policies() -> list[PolicyEntry]:
    """Return the scripted expert."""
    return [
        PolicyEntry(
            name="simpler-oracle",
            target=f"{_PACKAGE}.policies.oracle:SimplerOracle",
            summary="scripted expert with ground-truth state, all nine tasks: the upper bound",
        )
    ]


@hookimpl
def vla_gym_register_suites() -> list[SuiteEntry]:
    """Return the official evaluations."""
    return [
        SuiteEntry(
            name=f"simpler/{name}",
            target=f"{_PACKAGE}.suites:{name.replace('-', '_')}",
            summary=summary,
        )
        for name, summary in _SUITES.items()
    ]


@hookimpl
def vla_gym_register_assets() -> list[AssetEntry]:
    """Return the official files."""
    return [
        AssetEntry(
            name="simpler",
            target=f"{_PACKAGE}.assets.manifest:official_manifest",
            summary="official robots, objects, photographs (asset licences unclear)",
        )
    ]


@hookimpl
def vla_gym_register_checks() -> list[CheckEntry]:
    """Return what ``vla-gym doctor`` asks."""
    return [
        CheckEntry(name=f"simpler-{name}", target=f"{_PACKAGE}.checks:check_{name}")
        for name in ("physics", "vulkan", "assets")
    ]
