"""The four things that are killed, small, so that hundreds of rounds fit into an hour.

An evaluation, a collection and a matrix of mock worlds, and a training of a toy. Each returns when
there is nothing left to do, and goes on where it stopped when it is called again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import toy_training

import vla_gym
from vla_gym.grid.config import Matrix
from vla_gym.testing import MockPolicy, mock_suite
from vla_gym.training import TrainConfig

OPTIONS: dict[str, Any] = {
    "progress": False,
    "workers": 2,
    "watchdog": 4.0,
    "start_timeout": 60.0,
    "max_attempts": 100,  # a slow machine must not turn a stopped worker into an error
}
TRAINING: dict[str, Any] = {
    "policy": "toy",
    "data": [{"path": "nowhere"}],
    "steps": 60,
    "batch_size": 16,
    "optimizer": {"lr": 0.01, "schedule": "cosine", "warmup": 3},
    "augment": {"shift": 1, "brightness": 0.1},
    "ema": 0.9,
    "save_every": 3,
    "log_every": 1,
}
SUITE = """
from vla_gym.schema import Record
from vla_gym.testing import mock_suite

class Options(Record):
    pass

def suite(options: Options):
    return mock_suite({episodes})
"""


def evaluate(out: Path) -> None:
    """Run eight chains and film them."""
    vla_gym.evaluate(MockPolicy(delay=0.002), mock_suite(8), out, video="all", **OPTIONS)


def collect(out: Path) -> None:
    """Collect what six chains demonstrate."""
    vla_gym.collect(MockPolicy(competence=1.0), mock_suite(6), out, **OPTIONS)


def matrix(out: Path) -> None:
    """Run two policies on two suites."""
    names = {"few": 3, "more": 5}
    out.mkdir(parents=True, exist_ok=True)
    for name, episodes in names.items():
        (out / f"{name}.py").write_text(SUITE.format(episodes=episodes))
    values = {
        "out": out / "runs",
        "policies": ["random", {"name": "random", "label": "calm", "options": {"scale": 0.5}}],
        "suites": [{"name": str(out / f"{name}.py"), "label": name} for name in names],
        "video": "none",
    }
    found = vla_gym.matrix(Matrix.model_validate({**values, **OPTIONS}))
    if not found.ok:
        raise RuntimeError("; ".join(row.problem or "errors" for row in found.rows if not row.ok))


def train(out: Path) -> None:
    """Train a toy; it has no workers."""
    toy_training.run(TrainConfig.model_validate(TRAINING), out)


JOBS = {job.__name__: job for job in (evaluate, collect, matrix, train)}
