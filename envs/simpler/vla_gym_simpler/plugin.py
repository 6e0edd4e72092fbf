"""What this package brings to vla_gym, by import string: importing this module costs nothing."""

from __future__ import annotations

from vla_gym.plugins import (
    AssetEntry,
    CheckEntry,
    Entry,
    EnvEntry,
    PolicyEntry,
    SuiteEntry,
    hookimpl,
)
from vla_gym_simpler.facts.tasks import TASKS

_PACKAGE = "vla_gym_simpler"
_OFFICIAL = {
    "widowx": "24 episodes of each of the four Bridge tasks",
    "google-robot": "visual matching: coke 300, move near 240, drawers 216, apple 108 episodes",
    "google-robot-variants": "variant aggregation: 675 / 480 / 378 / 189 episodes",
}
_CHECKS = ("physics", "vulkan", "assets")


@hookimpl
def vla_gym_register() -> list[Entry]:
    """Return the environments, the expert, the official evaluations and files, and checks."""
    checks = [CheckEntry(f"simpler-{name}", f"{_PACKAGE}.checks:check_{name}") for name in _CHECKS]
    return [*_envs(), _expert(), *_suites(), _files(), *checks]


def _envs() -> list[EnvEntry]:
    return [
        EnvEntry(
            name=facts.env_id,
            target=f"{_PACKAGE}.env:SimplerEnv",
            summary=f"SimplerEnv, {facts.summary}",
            requires=("sapien",),
            install="pip install vla-gym-simpler",
            contract=f"{_PACKAGE}.spec:env_contract",
            tasks=f"{_PACKAGE}.spec:task_names",
            options=f"{_PACKAGE}.options:{facts.options}",
            kwargs={"task": name},
        )
        for name, facts in TASKS.items()
    ]


def _expert() -> PolicyEntry:
    return PolicyEntry(
        name="simpler-oracle",
        target=f"{_PACKAGE}.policies.oracle:SimplerOracle",
        summary="scripted expert with ground-truth state, all nine tasks: the upper bound",
        needs_contract=True,
    )


def _suites() -> list[SuiteEntry]:
    official = [
        SuiteEntry(
            name=f"simpler/{name}",
            target=f"{_PACKAGE}.suites:official",
            summary=summary,
            options=f"{_PACKAGE}.suites:OfficialOptions",
            bound={"name": name},
        )
        for name, summary in _OFFICIAL.items()
    ]
    smoke = SuiteEntry(
        name="simpler/smoke",
        target=f"{_PACKAGE}.suites:smoke",
        summary="one WidowX episode: does everything run?",
        options=f"{_PACKAGE}.suites:SmokeOptions",
    )
    return [*official, smoke]


def _files() -> AssetEntry:
    return AssetEntry(
        name="simpler",
        target=f"{_PACKAGE}.assets.manifest:official_manifest",
        summary="official robots, objects, photographs (asset licences unclear)",
    )
