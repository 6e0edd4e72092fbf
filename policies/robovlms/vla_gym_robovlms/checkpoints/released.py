"""The released RoboVLMs files (``kosmos_ph_calvin_abc.pt`` ...), read without patching anything.

Such a file is a pickle with ``state_dict`` or ``model_state_dict``; keys may begin with ``module.``
and then have ``model.``: ``model.backbone.*`` are transformers' Kosmos-2 names,
``model.act_head.{rnn,actions,gripper}.*`` the head and ``model.action_token`` the action token.
The weights themselves were never seen here: the mapping follows the published code.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vla_gym_robovlms.checkpoints.errors import CheckpointError, KeyReport, compare_keys, first_line

if TYPE_CHECKING:
    from torch import Tensor

    from vla_gym_robovlms.model import Vla

_STATES = ("state_dict", "model_state_dict")
_BACKBONE, _HEAD, _TOKEN = "model.backbone.", "model.act_head.", "model.action_token"
_UNUSED = ("position_ids", "embed_positions.weights", "num_batches_tracked", "inv_freq")
"""Buffers that old versions of transformers saved and new ones compute."""


def read_released(path: Path) -> dict[str, Tensor]:
    """Return the state of a released file; nothing in the pickle is ever executed.

    Raises:
        CheckpointError: When it is no such file, or holds more than tensors and plain values.
    """
    import torch

    try:
        data: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds objects that a checkpoint has no need of and that could run code, or is "
            f"damaged; it was not loaded ({first_line(error)})."
        ) from error
    except Exception as error:  # what torch raises for damaged bytes can be anything
        raise CheckpointError(
            f"{path} cannot be read as a torch file: {first_line(error)}"
        ) from error
    state = next((data[k] for k in _STATES if isinstance(data, dict) and k in data), data)
    if not isinstance(state, Mapping) or not all(
        isinstance(key, str) and torch.is_tensor(value) for key, value in state.items()
    ):
        raise CheckpointError(f"{path}: expected tensors by name under {' or '.join(_STATES)}.")
    return {_plain(key): value for key, value in state.items()}


def map_keys(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Return the state under our names, and the keys that mean nothing."""
    mapped, ignored = {}, []
    for key, value in state.items():
        if key.endswith(_UNUSED):
            ignored.append(key)
        else:
            mapped[our_key(key)] = value.reshape(-1) if key == _TOKEN else value
    return mapped, ignored


def our_key(key: str) -> str:
    """Return the name that a key of a released file has in our model."""
    if key.startswith(_BACKBONE):
        return "backbone.model." + key.removeprefix(_BACKBONE)
    if key.startswith(_HEAD):
        return "act_head." + key.removeprefix(_HEAD)
    return key.removeprefix("model.")


def report_released(model: Vla, path: Path) -> KeyReport:
    """Return which keys of a released file fit a model."""
    mapped, ignored = map_keys(read_released(path))
    return _report(model, mapped, ignored)


def load_released(model: Vla, path: Path) -> KeyReport:
    """Load a released file into a model.

    Raises:
        CheckpointError: With the keys that are missing, extra or misshaped.
    """
    mapped, ignored = map_keys(read_released(path))
    report = _report(model, mapped, ignored)
    if not report.fits:
        lines = "\n  ".join(report.lines())
        raise CheckpointError(
            f"{path} does not fit the model:\n  {lines}\n"
            "Fix: use the configuration it was trained with (history, chunk, cameras, head)."
        )
    try:
        model.load_state_dict(mapped, strict=False)  # what is tied comes with its owner
    except RuntimeError as error:
        raise CheckpointError(f"{path} cannot be loaded: {first_line(error)}") from error
    return report


def _report(model: Vla, mapped: Mapping[str, Tensor], ignored: list[str]) -> KeyReport:
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in mapped.items()}
    tied = _tied(model)
    return compare_keys(
        {k: v for k, v in found.items() if k not in tied or k in wanted},
        {k: v for k, v in wanted.items() if k in found or tied.get(k) not in found},
        ignored=ignored,
    )


def _tied(model: Vla) -> dict[str, str]:
    """Return second names of tied weights with their first names."""
    first: dict[int, str] = {}
    second: dict[str, str] = {}
    for key, value in model.state_dict().items():
        owner = first.setdefault(value.data_ptr(), key) if value.numel() else key
        if owner != key:
            second[key] = owner
    return second


def _plain(key: str) -> str:
    key = key.removeprefix("module.")
    return key if key.startswith("model.") else f"model.{key}"
