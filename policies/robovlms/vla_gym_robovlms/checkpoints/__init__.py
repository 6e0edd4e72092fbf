"""Checkpoints: our own folders, and the released RoboVLMs files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vla_gym_robovlms.checkpoints.own import load_own, save_checkpoint
from vla_gym_robovlms.checkpoints.released import load_released

if TYPE_CHECKING:
    from vla_gym_robovlms.model import Vla

__all__ = ["load_checkpoint", "save_checkpoint"]


def load_checkpoint(model: Vla, path: Path) -> None:
    """Load weights of either kind into a model.

    Raises:
        CheckpointError: When they do not fit it.
    """
    if path.suffix in {".pt", ".pth", ".ckpt"}:
        load_released(model, path)
    else:
        load_own(model, path)
