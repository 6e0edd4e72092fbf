"""``vla_gym.train``: a training from a configuration or its file, without torch until it begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_gym.errors import MissingDependencyError, OptionError
from vla_gym.training.config import TrainConfig, load_train_config


def train(
    config: TrainConfig | str | Path,
    out: str | Path,
    *,
    options: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Path:
    """Train a policy and return the folder of its checkpoint.

    The same call again resumes where it stopped, and on a CPU ends with the same weights, bit by
    bit, as if it had not stopped.

    Args:
        config: What is trained, on what and how, or the YAML file that says it.
        out: Folder of the training.
        options: Over the fields of the file; nested ones are merged.
        progress: Show how it goes on standard error.

    Returns:
        The folder of the checkpoint, whose ``policy.yaml`` can be evaluated.

    Raises:
        MissingDependencyError: Without torch or accelerate.
        OptionError: A file that does not describe a training, or options beside a configuration.
        TrainingError: When the folder holds another training, or the loss is not finite.
        DatasetError: Data that are damaged or absent.
        IncompatibleError: Data that the policy cannot learn from.
    """
    if not isinstance(config, TrainConfig):
        config = load_train_config(Path(config), dict(options or {}))
    elif options:
        raise OptionError(f"options={dict(options)} given with a finished configuration.")
    try:
        from vla_gym.training.loop import train as run
    except ImportError as error:
        raise MissingDependencyError(
            f"Training needs {error.name}: pip install 'vla-gym[training]'"
        ) from None
    return run(config, Path(out), progress=progress)
