"""The JSON configuration that a released checkpoint comes with, in our terms.

Several of its fields say something else than what the reference does with them (``act_head``'s own
window and chunk are overridden, ``use_state`` is never read); what is really used is taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_gym_robovlms.checkpoints.errors import CheckpointError

_BACKBONES = {
    "RoboKosMos": "kosmos-2",
    "RoboPaligemma": "paligemma",
    "RoboLLaVA": "llava",
    "RoboMoonDream": "moondream",
    "RoboUform": "uform",
}
_HEADS = {
    "LSTMDecoder": "lstm",
    "FCDecoder": "mlp",
    "GPTDecoder": "gpt",
    "DiscreteDecoder": "detokeniser",
}
_HISTORY = {"post": "policy-head", "pre": "interleaved"}


def config_from_published(path: Path) -> dict[str, Any]:
    """Return the fields of a ``VlaConfig`` from a published JSON file.

    Raises:
        CheckpointError: When it cannot be read, or names what there is no equivalent of.
    """
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"Configuration {path} cannot be read: {error}") from error
    head = data.get("act_head") or {}
    window = int(data.get("window_size", 1))
    formulation = _HISTORY.get(str(head.get("history_type", "post")), "policy-head")
    name = _known(head.get("type", "LSTMDecoder"), _HEADS, "act_head.type", path)
    discrete = head.get("action_space", "continuous") == "discrete"
    low, high = float(data.get("norm_min", -0.65)), float(data.get("norm_max", 0.65))
    return {
        "backbone": {
            "name": _known(data.get("robovlm_name", "RoboKosMos"), _BACKBONES, "robovlm_name", path)
        },
        "formulation": "one-step" if window == 1 else formulation,
        "action": "discrete" if discrete else "continuous",
        "head": {"name": name, "hidden": int(head.get("hidden_size", 1024))},
        "history": window,
        "chunk": 1 if discrete else int(data.get("fwd_pred_next_n", 10)),
        "cameras": ["static", "wrist"] if data.get("use_hand_rgb") else ["static"],
        "normalization": {"kind": "min_max", "low": [low] * 6, "high": [high] * 6},
        "readout": {"kind": "token", "latents": int(head.get("latent", 1))},
    }


def _known(name: str, table: Mapping[str, str], field: str, path: Path) -> str:
    if name not in table:
        known = ", ".join(table)
        raise CheckpointError(f"{path}: {field}={name!r} has no equivalent here; known: {known}.")
    return table[name]
