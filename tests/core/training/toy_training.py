"""A policy of two layers and data made up from a rule, so that a training takes seconds."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import (
    ActionSpec,
    CameraSpec,
    Frame,
    GripperSpec,
    Mode,
    PolicySpec,
    ProprioceptionField,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)
from vla_gym.datasets import DatasetSpec, Demonstration, Statistics
from vla_gym.training import Samples, TrainConfig, loop

torch.set_num_threads(1)

STATE = (ProprioceptionField(name="ee_position", size=3, unit="m", frame=Frame.WORLD),)


def action(*, meters: float = 0.02, closed: float = -1.0) -> ActionSpec:
    return ActionSpec(
        parts=(
            TranslationSpec(
                mode=Mode.DELTA,
                frame=Frame.WORLD,
                meters_per_unit=meters,
                reference=Reference.COMMANDED,
            ),
            RotationSpec(
                representation=Rotation.EULER_XYZ,
                mode=Mode.DELTA,
                frame=Frame.WORLD,
                radians_per_unit=0.05,
                reference=Reference.COMMANDED,
            ),
            GripperSpec(open=1.0, closed=closed, mode=Mode.ABSOLUTE, binary=True),
        ),
        control_hz=30.0,
    )


SPEC = DatasetSpec(
    cameras={"static": CameraSpec(height=16, width=24)},
    proprioception=STATE,
    action=action(),
    fps=30.0,
    base_aligned_with_world=True,
)


def demonstration(number: int, length: int = 9, **changes: Any) -> Demonstration:
    """An episode whose actions follow from its states."""
    draw = np.random.default_rng(number)
    state = draw.normal(size=(length, 3)).astype(np.float32)
    arm = np.tanh(np.concatenate([state, -state], 1))
    grip = np.where(state[:, :1] > 0, 1.0, -1.0)
    made = {
        "images": {"static": draw.integers(0, 256, (length, 16, 24, 3)).astype(np.uint8)},
        "proprioception": state,
        "actions": np.concatenate([arm, grip], 1).astype(np.float32),
        "instruction": f"do thing {number % 2}",
        "task": f"thing_{number % 2}",
    }
    return Demonstration(**{**made, **changes})  # type: ignore[arg-type]


class Episodes:
    """A data set in a list."""

    def __init__(self, episodes: list[Demonstration], spec: DatasetSpec = SPEC) -> None:
        self.episodes, self.spec = episodes, spec

    @property
    def lengths(self) -> list[int]:
        return [len(episode) for episode in self.episodes]

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        del images
        return self.episodes[index]


class Toy:
    """Learns actions of any spec from the state and the mean of the picture, with dropout."""

    spec = PolicySpec(
        cameras={"static": CameraSpec(height=8, width=8, resize="area")},
        proprioception=STATE,
        action=action(closed=0.0),
        chunk=3,
        history=2,
    )

    def __init__(self, spec: PolicySpec | None = None) -> None:
        self.spec = spec or type(self).spec
        torch.manual_seed(0)
        seen = 3 + sum(field.size for field in self.spec.proprioception)
        says = self.spec.chunk * self.spec.action.size
        self.module = nn.Sequential(
            nn.Linear(seen, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, says)
        )
        self.measured = np.zeros(0, np.float32)

    def measure(self, states: np.ndarray[Any, Any], actions: Statistics) -> None:
        self.measured, self.statistics = states, actions

    def losses(self, samples: Samples) -> Mapping[str, Tensor]:
        predicted = self.predict(samples.images["static"], samples.proprioception)
        error = (predicted - samples.actions).square().mean(-1)
        loss = (error * samples.mask).sum() / samples.mask.sum()
        return {"loss": loss}

    def predict(self, pictures: Tensor, states: Tensor) -> Tensor:
        """Return ``(..., chunk, a)`` of uint8 ``(..., H, W, 3)`` and ``(..., n)``."""
        seen = pictures.float().mean((-3, -2)) / 255
        said: Tensor = self.module(torch.cat([seen, states], -1))
        return said.unflatten(-1, (self.spec.chunk, self.spec.action.size))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.module.state_dict(), folder / "weights.pt")

    def load(self, folder: Path) -> None:
        self.module.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))

    def policy(self) -> Any:
        return ToyPolicy(self)


class ToyPolicy:
    """A toy at work."""

    def __init__(self, toy: Toy) -> None:
        self.spec, self._toy = toy.spec, toy
        toy.module.eval()

    def reset(self, slots: Sequence[Slot]) -> None:
        pass

    @torch.no_grad()
    def act(self, batch: Batch) -> np.ndarray[Any, Any]:
        rows = [
            self._toy.predict(torch.from_numpy(picture), torch.from_numpy(state))
            for picture, state in zip(batch.images["static"], batch.proprioception, strict=True)
        ]
        said: np.ndarray[Any, Any] = torch.stack(rows).numpy()
        return said


def run(config: TrainConfig, out: Path) -> Path:
    """Train a toy on ten episodes."""
    episodes = [demonstration(number) for number in range(10)]
    data = [Episodes(episodes) for _ in config.data]
    toys = {"open_data": lambda config: data, "make_trainable": lambda config: Toy()}
    with patch.multiple(loop, **toys):
        return loop.train(config, out, progress=False)


def main() -> None:
    """Train as the arguments say, and die by SIGKILL after a step if they say so."""
    config = TrainConfig.model_validate(json.loads(sys.argv[1]))
    die_at = int(sys.argv[3])

    class Mortal(loop.Log):
        def step(self, done: int, values: Mapping[str, float], *, every: int) -> None:
            super().step(done, values, every=every)
            if done == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    loop.Log = Mortal  # type: ignore[misc]
    run(config, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
