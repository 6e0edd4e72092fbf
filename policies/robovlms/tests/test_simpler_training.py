"""SimplerEnv's demonstrations train the presets of their robots: collect, train, evaluate."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from vla_gym_robovlms.robots import ROBOTS

import vla_gym
from vla_gym.contract import Batch, PolicySpec, Slot
from vla_gym.contract.inverse import invert
from vla_gym.datasets import load_dataset
from vla_gym.suites import Suite

pytest.importorskip("sapien")
rendering = pytest.importorskip("vla_gym_sapien.rendering")
pytestmark = [pytest.mark.full, pytest.mark.slow]

SUITES = {
    "widowx": ("simpler/widowx", "stack_cube"),
    "google-robot": ("simpler/google-robot", "pick_coke_can"),
}
STEPS = 4
"""Of an evaluation of what was trained; what it solves is not asked here."""


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "vla_gym.cli", *arguments], check=True)


def suite_of(robot: str) -> Suite:
    """Return the suite that was collected on, one episode of it."""
    name, task = SUITES[robot]
    suite = vla_gym.load_suite(name, {"assets": "builtin", "shader": "trivial", "tasks": [task]})
    return suite.model_copy(update={"episodes": suite.episodes[:1]})


@pytest.fixture(scope="module", params=SUITES)
def collected(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A preset, and the folder of one demonstration by the oracle."""
    if not rendering.probe().ok:
        pytest.skip(f"no Vulkan device: {rendering.probe().problem}")
    robot, data = request.param, tmp_path_factory.mktemp(request.param) / "data"
    suite, task = SUITES[robot]
    chosen = [f"suite.tasks=[{task}]", "suite.assets=builtin", "suite.shader=trivial"]
    settings = [part for one in chosen for part in ("--set", one)]
    where = ("--limit", "1", "--workers", "1", "--out", str(data))
    run("collect", "--policy", "simpler-oracle", "--suite", suite, *settings, *where)
    return robot, data


def test_it_is_trained_and_evaluated(collected: tuple[str, Path], tmp_path: Path) -> None:
    robot, data = collected
    config = {
        "policy": "robovlms/mini-policy-head-widowx",
        "options": {
            "robot": robot,
            "backbone": {"name": "mini", "size": "tiny"},
            "head": {"name": "mlp", "hidden": 32},
        },
        "data": [{"path": str(data)}],
        "steps": 3,
        "batch_size": 4,
    }
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(config))
    run("train", str(tmp_path / "t.yaml"), "--out", str(tmp_path / "run"))
    first = (tmp_path / "run/log.jsonl").read_text().splitlines()[0]
    assert json.loads(first)["inexact"][0] <= 5
    whole = suite_of(robot)
    short = whole.episodes[0].subtasks[0].model_copy(update={"max_steps": STEPS})
    episode = whole.episodes[0].model_copy(update={"subtasks": (short,)})
    results = vla_gym.evaluate(
        str(tmp_path / "run/checkpoint/policy.yaml"),
        whole.model_copy(update={"episodes": (episode,)}),
        out=tmp_path / "eval",
        workers=1,
        video="none",
        progress=False,
    )
    assert [record.error for record in results.records] == [None]
    assert results.records[0].subtasks[0].steps == STEPS


class Learner:
    """Says what it would have learned, one label after the other."""

    def __init__(self, robot: str, labels: np.ndarray) -> None:
        self.spec = PolicySpec(cameras={}, proprioception=(), action=ROBOTS[robot])
        self._labels, self._step = labels, 0

    def reset(self, slots: Sequence[Slot]) -> None:
        self._step = 0

    def act(self, batch: Batch) -> np.ndarray:
        label = self._labels[min(self._step, len(self._labels) - 1)]
        self._step += 1
        return label[None, None]


def test_its_labels_do_the_task_again(collected: tuple[str, Path], tmp_path: Path) -> None:
    robot, data = collected
    dataset = load_dataset(data)
    episode = dataset.episode(0, images=False)
    spec = PolicySpec(cameras={}, proprioception=(), action=ROBOTS[robot])
    labels = invert(spec, dataset.spec.contract)(episode.actions, episode.proprioception)
    results = vla_gym.evaluate(
        Learner(robot, labels.actions),
        suite_of(robot),
        out=tmp_path,
        workers=1,
        video="none",
        progress=False,
    )
    assert [record.solved for record in results.records] == [1]
