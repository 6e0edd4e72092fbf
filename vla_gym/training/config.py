"""One file describes a training: policy, data, and how to get from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from vla_gym.options import merged
from vla_gym.schema import Record
from vla_gym.yaml_file import read_yaml


class DataConfig(Record):
    """A data set of the mixture.

    Attributes:
        path: Its folder.
        weight: Share of the samples, relative to the others; default: its number of frames.
        share: Only the first so much of its episodes of every task (data scale: 0.1).
        per_task: Only so many episodes of every task (few-shot: 10).
        options: Of its format.
    """

    path: str
    weight: float | None = Field(default=None, gt=0)
    share: float = Field(default=1.0, gt=0, le=1)
    per_task: int | None = Field(default=None, gt=0)
    options: Mapping[str, Any] = Field(default_factory=dict)


class OptimizerConfig(Record):
    """AdamW.

    Attributes:
        lr: Largest learning rate.
        schedule: After the warm-up: stay, or fall to ``final`` as half a cosine.
        warmup: Steps of linear growth.
        final: Share of ``lr`` at the end of the cosine.
        clip: Largest norm of the gradient.
    """

    lr: float = Field(default=1e-4, gt=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: int = Field(default=0, ge=0)
    final: float = Field(default=0.0, ge=0, le=1)
    weight_decay: float = Field(default=0.01, ge=0)
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = Field(default=1.0, gt=0)


class AugmentConfig(Record):
    """What pictures and states go through; the same for all frames of a window.

    Attributes:
        shift: Pixels, at most, that a picture is moved, its edge repeated (DrQ; Kostrikov 2020).
        brightness: Factor 1 +- so much.
        contrast: Likewise, about the mean.
        saturation: Likewise, about grey.
        state_noise: Noise added to proprioception, in standard deviations of the data.
    """

    shift: int = Field(default=0, ge=0)
    brightness: float = Field(default=0.0, ge=0, lt=1)
    contrast: float = Field(default=0.0, ge=0, lt=1)
    saturation: float = Field(default=0.0, ge=0, lt=1)
    state_noise: float = Field(default=0.0, ge=0)


class EvaluateConfig(Record):
    """Evaluation in simulation during the training, through the runner.

    Attributes:
        suite: Registered name or file.
        options: Of the suite.
        every: Steps between two.
        limit: Episodes.
    """

    suite: str
    options: Mapping[str, Any] = Field(default_factory=dict)
    every: int = Field(gt=0)
    limit: int | None = Field(default=None, gt=0)
    workers: int = Field(default=1, gt=0)


class HeldOutConfig(Record):
    """The loss on demonstrations that are not learned from.

    Where it parts from that of the training, more demonstrations help more than more steps.

    Attributes:
        data: The mixture.
        every: Steps between two.
        batches: How many batches of the training's size, always the same ones.
    """

    data: tuple[DataConfig, ...] = Field(min_length=1)
    every: int = Field(gt=0)
    batches: int = Field(default=8, gt=0)


class TrainConfig(Record):
    """A training.

    Attributes:
        policy: Registered name or policy file.
        options: Of the policy, over those of the file.
        initial: Checkpoint folder of an earlier training that the weights come from (post-train).
        data: The mixture.
        steps: Optimiser steps.
        batch_size: Windows of a step, over all processes and accumulated parts.
        accumulate: Parts that a batch is worked through in.
        precision: Of the forward pass.
        checkpointing: Recompute activations instead of keeping them.
        ema: Decay of the averaged weights, which are those saved and evaluated; ``None``: none.
        evaluate: Success in simulation, now and then.
        held_out: Losses on other demonstrations, now and then.
        save_every: Steps between two states to go on from.
        log_every: Steps between two lines of the log.
    """

    summary: str = ""
    policy: str
    options: Mapping[str, Any] = Field(default_factory=dict)
    initial: str | None = None
    data: tuple[DataConfig, ...] = Field(min_length=1)
    steps: int = Field(gt=0)
    batch_size: int = Field(default=128, gt=0)
    accumulate: int = Field(default=1, gt=0)
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    checkpointing: bool = False
    optimizer: OptimizerConfig = OptimizerConfig()
    augment: AugmentConfig = AugmentConfig()
    ema: float | None = Field(default=None, gt=0, lt=1)
    evaluate: EvaluateConfig | None = None
    held_out: HeldOutConfig | None = None
    save_every: int = Field(default=500, gt=0)
    log_every: int = Field(default=20, gt=0)
    seed: int = 0


def load_train_config(path: Path, changes: Mapping[str, Any] | None = None) -> TrainConfig:
    """Return the training that a YAML file describes, with changes over it.

    Relative paths in it are relative to the present directory, as on the command line.

    Raises:
        OptionError: When it cannot be read or has unknown or wrong fields.
    """
    document, changes = read_yaml(path), changes or {}
    changed = replace(document, data=merged(document.data, changes), changes=changes)
    return changed.validated(TrainConfig)
