"""Our own checkpoints: a folder with weights, the whole configuration and the preprocessing.

``model.safetensors`` holds the weights, ``policy.yaml`` the configuration (and is a policy file:
``vla-gym eval --policy DIR/policy.yaml``), ``meta.json`` what must be true when it is loaded: what
the policy sees and says. Loading with other statistics or preprocessing is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from vla_gym.contract.spec import ProprioceptionField
from vla_gym_robovlms.checkpoints.errors import CheckpointError, compare_keys

if TYPE_CHECKING:
    from torch import Tensor

    from vla_gym_robovlms.model import Vla

FORMAT = 1
WEIGHTS, CONFIG, META = "model.safetensors", "policy.yaml", "meta.json"
SMALLER = ("float16", "bfloat16")
"""What weights can be stored as, for half the space."""
_MEANING = (
    "formulation",
    "action",
    "history",
    "chunk",
    "cameras",
    "proprioception",
    "robot",
    "normalization",
    "readout",
    "resampler",
    "head",
)
"""Fields of a configuration that change what the weights mean."""


def save_checkpoint(model: Vla, folder: Path) -> None:
    """Write a model to a folder, the meaning of its numbers included."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(_kept(model), str(folder / WEIGHTS))
    config = model.config.model_dump(mode="json", exclude_defaults=True)
    config.update(policy="robovlms", checkpoint="${here}")
    if model.config.backbone.size == "base" and not model.backbone.packaged:
        config["backbone"]["weights"] = "random"  # they are here
    (folder / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    meta = {"format": FORMAT, **_meaning(model)}
    (folder / META).write_text(json.dumps(meta, indent=1), encoding="utf-8")


def store_smaller(folder: Path, out: Path, precision: str) -> None:
    """Write a checkpoint again in half the space; what loads it computes as wide as before.

    Args:
        folder: The checkpoint.
        out: Where the other one goes.
        precision: ``"float16"`` (to 3 digits, up to 65504) or ``"bfloat16"``.

    Raises:
        CheckpointError: Another precision, files that are not there, numbers that do not fit.
    """
    import torch
    from safetensors.torch import save_file

    if precision not in SMALLER:
        raise CheckpointError(f"precision={precision!r}: expected one of {', '.join(SMALLER)}.")
    read_meta(folder)
    small = _read_weights(folder)
    for key, value in small.items():
        if value.is_floating_point():
            small[key] = value.to(getattr(torch, precision))
        if not torch.equal(small[key].isfinite(), value.isfinite()):
            raise CheckpointError(f"{folder / WEIGHTS}: {key}: too large for {precision}.")
    out.mkdir(parents=True, exist_ok=True)
    save_file(small, str(out / WEIGHTS))
    for name in (CONFIG, META):
        (out / name).write_bytes((folder / name).read_bytes())


def load_own(model: Vla, folder: Path) -> None:
    """Load the weights of a folder into a model that means the same.

    Raises:
        CheckpointError: Files that are not there, meanings or keys that differ.
    """
    meta = read_meta(folder)
    check_meaning(meta, _meaning(model), folder)
    load_weights(model, folder)


def load_weights(model: Vla, folder: Path) -> None:
    """Load the weights of a folder, whatever they were trained to mean.

    Raises:
        CheckpointError: Files that are not there, keys that differ.
    """
    load_state(model, _read_weights(folder), where=str(folder))


def load_state(model: Vla, state: dict[str, Tensor], *, where: str) -> None:
    """Load a state whose keys must be exactly those of the model.

    Raises:
        CheckpointError: With the keys that are missing, extra or misshaped.
    """
    wanted = _kept(model)
    report = compare_keys(
        {key: tuple(value.shape) for key, value in state.items()},
        {key: tuple(value.shape) for key, value in wanted.items()},
    )
    if not report.fits:
        lines = "\n  ".join(report.lines())
        raise CheckpointError(
            f"Checkpoint {where} does not fit the model:\n  {lines}\n"
            "Fix: use the configuration that it was saved with (its policy.yaml)."
        )
    model.load_state_dict(state, strict=False)  # tied weights come with their owners


def check_meaning(found: dict[str, Any], wanted: dict[str, Any], folder: Path) -> None:
    """Refuse a checkpoint whose numbers mean something else.

    Raises:
        CheckpointError: Naming each field with both values.
    """
    differ = [
        f"{key}: saved {found.get(key)!r}, configured {value!r}"
        for key, value in wanted.items()
        if found.get(key) != value
    ]
    if differ:
        raise CheckpointError(
            f"Checkpoint {folder} was made for other settings:\n  " + "\n  ".join(differ) + "\n"
            f"Fix: evaluate it with --policy {folder / CONFIG}."
        )


def read_state_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes in a checkpoint without reading the weights.

    Raises:
        CheckpointError: When they are not there or damaged.
    """
    from safetensors import safe_open

    with _weights(folder) as path, safe_open(path, framework="pt") as file:
        return {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118


def _read_weights(folder: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    with _weights(folder) as path:
        return load_file(path)


@contextmanager
def _weights(folder: Path) -> Iterator[str]:
    """Yield the path of the weights; what safetensors says of a damaged file is told with it."""
    from safetensors import SafetensorError

    try:
        yield str(folder / WEIGHTS)
    except (OSError, SafetensorError, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"Weights {folder / WEIGHTS} cannot be read: {error}") from error


def read_meta(folder: Path) -> dict[str, Any]:
    """Return what a checkpoint says of itself.

    Raises:
        CheckpointError: When it is no checkpoint of ours, or says nothing of the kind.
    """
    try:
        meta: dict[str, Any] = json.loads((folder / META).read_text(encoding="utf-8"))
        fields = [ProprioceptionField.model_validate(one) for one in meta["proprioception"]]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{folder} is no checkpoint of ours ({META} cannot be read: {error}). Released files "
            "are given by their path (.pt), or converted: vla-gym checkpoint convert."
        ) from error
    if meta.pop("format", None) != FORMAT:
        raise CheckpointError(f"{folder / META} is of another format than {FORMAT}.")
    # A field that was added since is what it is by default.
    meta["proprioception"] = [one.model_dump(mode="json") for one in fields]
    return meta


def _meaning(model: Vla) -> dict[str, Any]:
    """Return what the weights mean: settings and preprocessing, as JSON gives them back."""
    config = model.config.model_dump(mode="json")
    config["head"]["hidden"] = model.config.head_width  # said or by default, it is the same
    backbone = model.backbone
    meaning = {
        **{key: config[key] for key in _MEANING},
        "backbone": {
            "name": config["backbone"]["name"],
            "attention": config["backbone"]["attention"],
            "template": config["backbone"]["template"] or backbone.template,
            "image_size": backbone.image_size,
            "mean": list(backbone.mean),
            "std": list(backbone.std),
            "resize": "bicubic",
        },
    }
    result: dict[str, Any] = json.loads(json.dumps(meaning))
    return result


def _kept(model: Vla) -> dict[str, Tensor]:
    """Return the weights that a checkpoint holds: without those that a package brings."""
    brought = model.backbone.packaged
    return {
        key: value
        for key, value in _distinct(model.state_dict()).items()
        if not any(key.startswith(start) for start in brought)
    }


def _distinct(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state without second names of the same memory (tied weights)."""
    seen: set[tuple[int, tuple[int, ...]]] = set()
    kept = {}
    for key, value in state.items():
        place = (value.data_ptr(), tuple(value.shape))
        if value.numel() and place in seen:
            continue
        seen.add(place)
        kept[key] = value.contiguous()
    return kept
