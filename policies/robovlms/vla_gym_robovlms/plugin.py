"""What this package brings to vla_gym, by import string: importing this module costs nothing."""

from __future__ import annotations

from pathlib import Path

from vla_gym.plugins import BackboneEntry, PolicyEntry, hookimpl

_PACKAGE = "vla_gym_robovlms"
_CONFIGS = Path(__file__).parent / "configs"
_NEEDS = ("torch", "transformers")
_INSTALL = "pip install vla-gym-robovlms"

_BACKBONES = {
    "kosmos-2": ("kosmos:Kosmos2", "KosMos-2, 1.7 B: the paper's best"),
}


@hookimpl
def vla_gym_register_policies() -> list[PolicyEntry]:
    """Return the policy that takes any configuration, and one a shipped configuration."""
    target = f"{_PACKAGE}.factory:make_policy"
    common = {"target": target, "requires": _NEEDS, "install": _INSTALL}
    shipped = [
        PolicyEntry(
            name=f"robovlms/{path.stem}",
            summary=_summary(path),
            kwargs={"config": path.stem},
            **common,  # type: ignore[arg-type]
        )
        for path in sorted(_CONFIGS.glob("*.yaml"))
    ]
    return [
        PolicyEntry(name="robovlms", summary="a VLA from a config file", **common),  # type: ignore[arg-type]
        *shipped,
    ]


@hookimpl
def vla_gym_register_backbones() -> list[BackboneEntry]:
    """Return the vision-language backbones."""
    return [
        BackboneEntry(
            name=name,
            target=f"{_PACKAGE}.backbones.{target}",
            summary=summary,
            requires=_NEEDS,
            install=_INSTALL,
        )
        for name, (target, summary) in _BACKBONES.items()
    ]


def _summary(path: Path) -> str:
    """Return the summary line of a configuration without parsing it as YAML."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("summary:"):
            return line.removeprefix("summary:").strip().strip("\"'")
    return ""
