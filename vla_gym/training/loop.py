"""The training loop: plain torch, with accelerate for devices, precision and processes."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from vla_gym.errors import TrainingError
from vla_gym.runner.evaluation import evaluate
from vla_gym.training.augment import augment
from vla_gym.training.averaging import Average, trained
from vla_gym.training.build import make_mixture, make_trainable, open_data
from vla_gym.training.config import OptimizerConfig, TrainConfig
from vla_gym.training.log import Log
from vla_gym.training.mixture import Mixture
from vla_gym.training.state import claim, load_state, save_state
from vla_gym.training.trainable import Samples, Trainable

CHECKPOINT = "checkpoint"
"""Folder of the weights in the folder of a training."""
_PRECISION = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}


def train(config: TrainConfig, out: Path, *, progress: bool = True) -> Path:
    """Train a policy and return the folder of its checkpoint.

    The same call again resumes where it stopped, and on a CPU ends with the same weights, bit by
    bit, as if it had not stopped.

    Args:
        config: What is trained, on what and how.
        out: Folder of the training: ``state.pt``, ``log.jsonl``, ``eval/``, ``checkpoint/``.
        progress: Show how it goes on standard error.

    Raises:
        TrainingError: When the folder holds another training, or the loss is not finite.
        DatasetError: Data that are damaged or absent.
        IncompatibleError: Data that the policy cannot learn from.
    """
    claim(out, config)
    datasets = open_data(config)
    with Log(out, total=config.steps, show=progress) as log:
        trainable = make_trainable(config)
        mixture = make_mixture(config, datasets, trainable, log.note)
        states = mixture.states()
        trainable.measure(states, mixture.statistics())
        if config.initial is not None:
            trainable.load(Path(config.initial))
        data = _Data(mixture, _held_out(config, trainable, log), states.std(0))
        return _Loop(config, out, trainable, data, log).run()


class Step(nn.Module):
    """A forward pass that ends in losses, as one module, so that accelerate can wrap it."""

    def __init__(self, trainable: Trainable) -> None:
        super().__init__()
        self.module = trainable.module
        self._trainable = trainable

    def forward(self, samples: Samples) -> Mapping[str, Tensor]:
        """Return the losses of some windows."""
        return self._trainable.losses(samples)


@dataclass(frozen=True)
class _Data:
    """What is learned from.

    Attributes:
        mixture: The demonstrations.
        held_out: Those that only the loss is asked about.
        deviation: Of the states, float32 ``(n,)``.
    """

    mixture: Mixture
    held_out: Mixture | None
    deviation: npt.NDArray[np.float32]


class _Loop:
    def __init__(
        self,
        config: TrainConfig,
        out: Path,
        trainable: Trainable,
        data: _Data,
        log: Log,
    ) -> None:
        self._config, self._out = config, out
        self._trainable, self._mixture, self._log = trainable, data.mixture, log
        self._held_out = data.held_out
        if not trained(trainable.module):
            raise TrainingError("Everything is frozen: there is nothing to train (see freeze).")
        self._accelerator = Accelerator(mixed_precision=_PRECISION[config.precision])
        settings = config.optimizer
        optimizer = torch.optim.AdamW(
            trained(trainable.module).values(),
            lr=settings.lr,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self._average = Average(trainable.module, config.ema) if config.ema else None
        if config.checkpointing:
            _recompute(trainable.module)
        self._step, self._optimizer = self._accelerator.prepare(Step(trainable), optimizer)
        self._deviation = torch.from_numpy(data.deviation)
        self._done = load_state(out, trainable.module, self._optimizer, self._average)

    def run(self) -> Path:
        """Work until all steps are done; return the checkpoint."""
        self._trainable.module.train()
        self._log.begin(self._done, self._mixture.describe())
        while self._done < self._config.steps:
            losses = self._one(self._done)
            self._done += 1
            self._log.step(self._done, losses, every=self._config.log_every)
            self._now_and_then()
        return self._finish()

    def _one(self, step: int) -> dict[str, float]:
        """Do one step and return its losses, and what it took."""
        config, began = self._config, time.perf_counter()
        rate = learning_rate(config.optimizer, step, config.steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        drawn = self._mixture.draw(step, config.batch_size)[self._mine]
        losses, waited = self._backward(step, drawn)
        self._check(losses, step, rate, drawn)
        norm = self._accelerator.clip_grad_norm_(self._step.parameters(), config.optimizer.clip)
        self._optimizer.step()
        self._optimizer.zero_grad()
        if self._average is not None:
            self._average.update(step)
        seconds = time.perf_counter() - began
        return {**losses, "lr": rate, "norm": float(norm), "s": seconds, "load_s": waited}

    def _backward(
        self, step: int, drawn: Sequence[tuple[int, int]]
    ) -> tuple[dict[str, float], float]:
        """Add up the gradients of a batch, in parts; return the losses and the time for data."""
        parts = [drawn[part :: self._config.accumulate] for part in range(self._config.accumulate)]
        generator = torch.Generator().manual_seed(_mixed(self._config.seed, step, self._rank))
        torch.manual_seed(_mixed(self._config.seed + 1, step, self._rank))
        totals: dict[str, float] = {}
        waited = 0.0
        for part in filter(None, parts):
            share, began = len(part) / len(drawn), time.perf_counter()
            samples = self._samples(part, generator)
            waited += time.perf_counter() - began
            losses = self._step(samples)
            self._accelerator.backward(losses["loss"] * share)
            for name, value in losses.items():
                totals[name] = totals.get(name, 0.0) + float(value.detach()) * share
        return totals, waited

    def _samples(self, drawn: Sequence[tuple[int, int]], generator: torch.Generator) -> Samples:
        loaded = self._mixture.load(drawn)
        return augment(loaded, self._config.augment, generator, deviation=self._deviation)

    @property
    def _rank(self) -> int:
        return int(self._accelerator.process_index)

    @property
    def _mine(self) -> slice:
        return slice(self._rank, None, int(self._accelerator.num_processes))

    def _check(
        self, losses: Mapping[str, float], step: int, rate: float, drawn: Sequence[Any]
    ) -> None:
        if all(math.isfinite(value) for value in losses.values()):
            return
        shown = ", ".join(f"{name} {value:g}" for name, value in losses.items())
        raise TrainingError(
            f"The loss of step {step} is not finite ({shown}; learning rate {rate:g}; first "
            f"windows {list(drawn[:3])}). The state before it is kept in {self._out}. Lower "
            "optimizer.lr, lengthen optimizer.warmup, or check the data: vla-gym dataset check."
        )

    def _now_and_then(self) -> None:
        config = self._config
        if self._done % config.save_every == 0 or self._done == config.steps:
            self._save_state()
        if config.evaluate is not None and self._done % config.evaluate.every == 0:
            self._evaluate()
        if config.held_out is not None and self._done % config.held_out.every == 0:
            self._hold_out(config.held_out.batches)

    def _save_state(self) -> None:
        if self._accelerator.is_main_process:
            module = self._trainable.module
            save_state(self._out, self._done, module, self._optimizer, self._average)
        self._accelerator.wait_for_everyone()

    def _finish(self) -> Path:
        folder = self._out / CHECKPOINT
        if self._accelerator.is_main_process:
            with self._averaged():
                self._trainable.save(folder)
        return folder

    def _evaluate(self) -> None:
        plan = self._config.evaluate
        if plan is None or not self._accelerator.is_main_process:
            return
        with self._at_rest():
            results = evaluate(
                self._trainable.policy(),
                plan.suite,
                out=self._out / "eval" / f"step-{self._done:06d}",
                workers=plan.workers,
                limit=plan.limit,
                suite_options=plan.options,
                video="none",
                progress=False,
            )
        self._log.evaluated(self._done, results)

    def _hold_out(self, batches: int) -> None:
        """Write the mean losses over batches that nothing is learned from."""
        mixture, config = self._held_out, self._config
        if mixture is None or not self._accelerator.is_main_process:
            return
        parts, size = batches * config.accumulate, max(1, config.batch_size // config.accumulate)
        drawn = (mixture.load(mixture.draw(part, size)) for part in range(parts))
        with self._at_rest(), torch.no_grad(), self._accelerator.autocast():
            torch.manual_seed(config.seed)
            found = [self._trainable.losses(samples) for samples in drawn]
        means = {name: sum(float(one[name]) for one in found) / parts for name in found[0]}
        self._log.held_out(self._done, means)

    @contextmanager
    def _at_rest(self) -> Iterator[None]:
        """Let the network be as it will be saved and used; what is drawn meanwhile is forgotten."""
        module = self._trainable.module
        module.eval()
        with torch.random.fork_rng(devices=[]), self._averaged():
            yield
        module.train()

    def _averaged(self) -> AbstractContextManager[None]:
        """Let the network have the weights that are saved."""
        return nullcontext() if self._average is None else self._average.in_place()


def _held_out(config: TrainConfig, trainable: Trainable, log: Log) -> Mixture | None:
    if config.held_out is None:
        return None
    others = config.model_copy(update={"data": config.held_out.data})
    return make_mixture(others, open_data(others), trainable, log.note)


def learning_rate(config: OptimizerConfig, step: int, steps: int) -> float:
    """Return the rate of a step: linear warm-up, then constant or half a cosine."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.lr
    share = (step - config.warmup) / max(1, steps - config.warmup)
    cosine = 0.5 * (1.0 + math.cos(math.pi * share))
    return config.lr * (config.final + (1.0 - config.final) * cosine)


def _mixed(seed: int, step: int, rank: int) -> int:
    """Return a seed that differs for every step and process."""
    return (seed * 1_000_003 + step * 1009 + rank) % (1 << 62)


def _recompute(module: nn.Module) -> None:
    """Let every part that can do so recompute its activations."""
    name = "gradient_checkpointing_enable"  # as transformers' models call it
    able = [part for part in module.modules() if hasattr(part, name)]
    if not able:
        raise TrainingError("checkpointing: true, but nothing in this model can recompute.")
    for part in able:
        getattr(part, name)()
