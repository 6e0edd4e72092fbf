"""What a training needs to go on exactly where it stopped.

Data order, augmentation and dropout are functions of seed and step, so weights, optimiser and
average are all there is to keep.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from vla_gym.error_text import summary
from vla_gym.errors import TrainingError
from vla_gym.files import replacing, write_atomically
from vla_gym.training.averaging import Average, put, trained
from vla_gym.training.config import TrainConfig

STATE, CONFIG = "state.pt", "train.json"
_FREE = frozenset({"steps", "save_every", "log_every", "evaluate", "held_out", "summary"})
"""What may be changed when a training goes on (``steps`` only with a constant schedule)."""


def claim(out: Path, config: TrainConfig) -> None:
    """Write down what is trained here, or check that it is the same.

    Raises:
        TrainingError: When the folder holds another training.
    """
    file = out / CONFIG
    given = config.model_dump(mode="json")
    if file.is_file():
        found = _read(file)
        differ = [key for key in given if key not in _free(config) and found.get(key) != given[key]]
        if differ:
            raise TrainingError(
                f"{out} holds another training; these differ: {', '.join(sorted(differ))}. "
                "Give another folder, or remove this one."
            )
    write_atomically(file, json.dumps(given, indent=1).encode(), sync=True)


def _read(file: Path) -> dict[str, Any]:
    """Return what was trained in a folder.

    Raises:
        TrainingError: When the file is damaged.
    """
    try:
        found = json.loads(file.read_bytes())
        if not isinstance(found, dict):
            raise ValueError(f"it holds {type(found).__name__}, expected the fields of a training")
    except (OSError, ValueError, RecursionError) as error:
        raise TrainingError(
            f"{file} cannot be used: {error}. Remove the folder to begin anew, or give another."
        ) from error
    return found


def _free(config: TrainConfig) -> frozenset[str]:
    constant = config.optimizer.schedule == "constant"
    return _FREE if constant else _FREE - {"steps"}


def save_state(
    out: Path, step: int, module: nn.Module, optimizer: Optimizer, average: Average | None
) -> None:
    """Write the state after ``step`` steps, so that a stop at any moment leaves a whole one.

    Raises:
        TrainingError: When it cannot be written.
    """
    state = {
        "step": step,
        "weights": {name: value.detach() for name, value in trained(module).items()},
        "optimizer": optimizer.state_dict(),
        "average": None if average is None else average.values,
    }
    try:
        with replacing(out / STATE, sync=True) as partial:
            torch.save(state, partial)
    except (OSError, RuntimeError) as error:
        raise TrainingError(f"The state of step {step} cannot be written: {error}") from error


def load_state(out: Path, module: nn.Module, optimizer: Optimizer, average: Average | None) -> int:
    """Put the state in a folder in place and return how many steps are done; 0 without one.

    Raises:
        TrainingError: When it is damaged or of another model.
    """
    file = out / STATE
    if not file.is_file():
        return 0
    try:  # whatever is in the file must be a message, and nothing of it is run
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        _check_names(state["weights"], module)
        put(module, state["weights"])
        optimizer.load_state_dict(state["optimizer"])
        _check_shapes(optimizer)
        if average is not None:
            for name, value in state["average"].items():
                average.values[name].copy_(value)
        step = state["step"]
        if not isinstance(step, int) or step < 0:
            raise ValueError(f"it says that {step!r:.80} steps are done")
    except Exception as error:
        raise TrainingError(
            f"{file} cannot be used: {summary(error)}. Remove it to begin anew."
        ) from error
    return step


def _check_names(found: dict[str, Any], module: nn.Module) -> None:
    wanted = set(trained(module))
    if found.keys() != wanted:
        raise ValueError(f"it has other weights: {sorted(found.keys() ^ wanted)[:5]}")


def _check_shapes(optimizer: Optimizer) -> None:
    """Refuse what AdamW remembers of weights of another shape; torch would at its next step."""
    for weight, remembered in optimizer.state.items():
        for name, value in remembered.items():
            if name != "step" and torch.is_tensor(value) and value.shape != weight.shape:
                shapes = f"{tuple(value.shape)} for weights of {tuple(weight.shape)}"
                raise ValueError(f"the optimizer's {name} is {shapes}")
