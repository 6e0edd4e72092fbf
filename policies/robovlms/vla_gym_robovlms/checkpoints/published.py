"""The JSON configuration that a released checkpoint comes with, in our terms.

``published_fields`` says what may be in it. Which robot the weights move, and how its numbers were
scaled before, follows from what they were trained on (``train_dataset``): CALVIN's own numbers, or
a mixture of Open X-Embodiment in quantiles of each data set, seen by the first camera alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vla_gym.validation import problems
from vla_gym_robovlms.checkpoints.errors import CheckpointError
from vla_gym_robovlms.checkpoints.published_fields import Published, with_meaning
from vla_gym_robovlms.config import CONFIGS, load_config

_BACKBONES = {
    "RoboKosMos": ("kosmos-2", "kosmos"),
    "RoboPaligemma": ("paligemma", "paligemma"),
    "RoboLLaVA": ("llava", "llava"),
    "RoboMoonDream": ("moondream", "moondream"),
    "RoboUform": ("uform", "uform"),
}
"""Our name, and what ``model`` says with it (it chooses the words around an instruction)."""
_HEADS = {
    "LSTMDecoder": "lstm",
    "FCDecoder": "mlp",
    "GPTDecoder": "gpt",
    "DiscreteDecoder": "detokeniser",
}
_CALVIN_DATA, _OXE_DATA = "DiskCalvinDataset", "OpenVLADataset"
_MIXES = {"bridge": "widowx", "rt_1": "google-robot"}
"""Mixtures of a single robot."""
_STATISTICS = {
    "widowx": "kosmos-policy-head-widowx",
    "google-robot": "kosmos-policy-head-google-robot",
}
"""Shipped configurations with the quantiles of a robot's data."""
_NUMBERS = 6  # of an action, without the gripper


def config_from_published(path: Path, *, robot: Any = None) -> dict[str, Any]:
    """Return the fields of a ``VlaConfig`` from a published JSON file.

    Args:
        path: The file.
        robot: Which robot, where the file does not tell.

    Returns:
        The fields; without ``robot`` where neither the file nor the caller says it.

    Raises:
        CheckpointError: When it cannot be read, names what there is no equivalent of, or was
            trained on several robots and none was chosen.
    """
    data = _read(path)
    found, window = _robot(data, robot, path), data.window_size
    recurrent = _HEADS[data.act_head.type] in ("lstm", "gpt")
    formulation = "interleaved" if data.act_head.history_type == "pre" else "policy-head"
    discrete = data.act_head.action_space == "discrete"
    wrist = data.use_hand_rgb and found not in _STATISTICS  # Open X-Embodiment: one camera
    return {
        "backbone": _backbone(data, path),
        "formulation": "one-step" if window == 1 and not recurrent else formulation,
        "action": "discrete" if discrete else "continuous",
        "head": _head(data),
        "history": window,
        "chunk": 1 if discrete else data.fwd_pred_next_n,
        "cameras": ["static", "wrist"] if wrist else ["static"],
        **({} if found is None else {"robot": found}),
        "normalization": _normalization(data, found),
        "readout": _readout(data),
        **({"resampler": {}} if data.use_vision_resampler else {}),
        **_training(data),
    }


def _read(path: Path) -> Published:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"Configuration {path} cannot be read: {error}") from error
    if not isinstance(found, Mapping):
        raise CheckpointError(f"Configuration {path} is {type(found).__name__}, expected fields.")
    try:
        return Published.model_validate(with_meaning(found))
    except ValidationError as error:
        raise CheckpointError(
            "\n".join(
                [
                    f"Configuration {path} is not understood; a guess would move a robot wrongly:",
                    *problems(error, Published),
                    "Fix: take out of a copy what changes nothing; for the rest write a "
                    "configuration of your own (--set config=FILE.yaml).",
                ]
            )
        ) from error


def _robot(data: Published, said: Any, path: Path) -> Any:
    train = data.train_dataset
    if train is None:
        return said
    if train.type == _CALVIN_DATA and train.data_mix is None:
        return "calvin"
    if train.type == _OXE_DATA and train.data_mix in _MIXES:
        return _MIXES[train.data_mix]
    if said is not None and (train.type != _OXE_DATA or said in _STATISTICS):
        return said
    choices: Sequence[str] = sorted(_STATISTICS) if train.type == _OXE_DATA else ("NAME",)
    raise CheckpointError(
        f"{path}: train_dataset.type={train.type!r} with data_mix={train.data_mix!r} does not tell "
        "which robot these weights move, with which statistics. Say it: "
        + " or ".join(f"--set robot={choice}" for choice in choices)
        + ", or write a configuration of your own (--set config=FILE.yaml)."
    )


def _backbone(data: Published, path: Path) -> dict[str, Any]:
    name, model = _BACKBONES[data.robovlm_name]
    if data.model != model:
        raise CheckpointError(
            f"{path}: model={data.model!r} with robovlm_name={data.robovlm_name!r} has no "
            f"equivalent here; expected {model!r}."
        )
    sizes = {"image_size": data.image_size, "text_limit": data.tokenizer.max_text_len}
    return {"name": name, **{key: size for key, size in sizes.items() if size is not None}}


def _head(data: Published) -> dict[str, Any]:
    head = data.act_head
    layers = {} if head.num_layers is None else {"layers": head.num_layers}
    bins = {"bins": head.n_bin} if head.action_space == "discrete" else {}
    return {"name": _HEADS[head.type], "hidden": head.hidden_size, **layers, **bins}


def _readout(data: Published) -> dict[str, Any]:
    head = data.act_head
    if head.action_space == "down_sample":
        return {"kind": "pool", "latents": head.latent, "source": head.token_source or "all"}
    return {"kind": "token", "latents": head.latent}


def _normalization(data: Published, robot: Any) -> dict[str, Any]:
    """Return how numbers become actions: through the file's range, and the data's quantiles."""
    ends = (data.norm_min, data.norm_max) if data.norm_action else (-1.0, 1.0)
    mu_law = {"mu_law": data.mu_val} if data.use_mu_law else {}
    known = robot if isinstance(robot, str) else ""
    middle, half = _quantiles(known)
    if data.regular_action:
        low = [m + h * data.x_mean for m, h in zip(middle, half, strict=True)]
        return {"kind": "mean_std", "low": low, "high": [h * data.x_std for h in half]}
    if known in _STATISTICS and -ends[0] == ends[1] <= 1:
        said = load_config(CONFIGS / f"{_STATISTICS[known]}.yaml")["normalization"]
        return {**said, "inner": ends[1], **mu_law}
    low, high = ([m + h * end for m, h in zip(middle, half, strict=True)] for end in ends)
    kind = "q01_q99" if known in _STATISTICS else "min_max"
    return {"kind": kind, "low": low, "high": high, **mu_law}


def _quantiles(robot: str) -> tuple[list[float], list[float]]:
    """Return middle and half width of what a robot's data was scaled by before."""
    if robot not in _STATISTICS:
        return [0.0] * _NUMBERS, [1.0] * _NUMBERS
    said = load_config(CONFIGS / f"{_STATISTICS[robot]}.yaml")["normalization"]
    pairs = list(zip(said["low"], said["high"], strict=True))
    return [(a + b) / 2 for a, b in pairs], [(b - a) / 2 for a, b in pairs]


def _training(data: Published) -> dict[str, Any]:
    setup, ratio = data.train_setup, data.arm_gripper_loss_ratio
    frozen = {
        "backbone": setup.freeze_backbone,
        "vision": not setup.train_vision,
        "text_embedding": not setup.train_text_embedding,
    }
    return {
        **({"freeze": frozen} if any(frozen.values()) else {}),
        **({} if ratio is None else {"loss": {"gripper": ratio}}),
    }
