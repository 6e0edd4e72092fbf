"""SimplerEnv through the runner: kills and workers never change a number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from vla_gym_sapien import rendering

from vla_gym.testing.chaos import comparable_lines, episodes_in, kill_after_episodes

EPISODES = 3

SCRIPT = '''
import os, signal, sys, zlib
import numpy as np
import vla_gym
from vla_gym.contract import CameraSpec, PolicySpec
from vla_gym.suites import load_suite
from vla_gym.testing.chaos import children
from vla_gym_simpler.spec import action_spec

STEPS = 3


class Looker:
    """Its action is a hash of what it sees: one changed pixel changes all that follows.

    It kills a worker at its decision number ``kill_at`` (never for 0).
    """

    spec = PolicySpec(
        cameras={"static": CameraSpec(height=48, width=64, resize="area")},
        proprioception=(),
        action=action_spec("widowx"),
    )

    def __init__(self, kill_at):
        self._left = kill_at

    def reset(self, slots):
        pass

    def act(self, batch):
        self._left -= 1
        if self._left == 0:
            os.kill(children(os.getpid())[0], signal.SIGKILL)
            print("killed a worker", flush=True)
        return np.stack([self._one(picture) for picture in batch.images["static"]])

    def _one(self, picture):
        rng = np.random.default_rng(zlib.crc32(picture.tobytes()))
        return np.append(rng.uniform(-0.02, 0.02, 6), 1.0)[None]


def shortened(episode):
    subtask = episode.subtasks[0].model_copy(update={"max_steps": STEPS})
    return episode.model_copy(update={"subtasks": (subtask,)})


out, workers, kill_at, count = sys.argv[1], *map(int, sys.argv[2:])
suite = load_suite(
    "simpler/widowx", {"assets": "builtin", "shader": "trivial", "tasks": "stack_cube"}
)
episodes = tuple(shortened(episode) for episode in suite.episodes[:count])
vla_gym.evaluate(
    Looker(kill_at), suite.model_copy(update={"episodes": episodes}), out=out,
    workers=workers, batch_size=workers, video="none", progress=False,
)
'''


def test_numbers_do_not_depend_on_workers_batches_or_kills(tmp_path: Path) -> None:
    """One worker without trouble, against two of which one is killed, then the parent, resumed."""
    if not rendering.probe().ok:
        pytest.skip(f"no Vulkan device: {rendering.probe().problem}")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    def command(name: str, workers: int, kill_at: int) -> list[str]:
        numbers = [str(number) for number in (workers, kill_at, EPISODES)]
        return [sys.executable, str(script), str(tmp_path / name), *numbers]

    subprocess.run(command("calm", 1, 0), check=True)
    expected = comparable_lines(tmp_path / "calm")
    assert len(expected) == EPISODES
    assert not any(json.loads(line)["error"] for line in expected)

    kill_after_episodes(command("chaos", 2, 0), tmp_path / "chaos", more=1)
    assert 1 <= episodes_in(tmp_path / "chaos") < EPISODES
    resumed = subprocess.run(command("chaos", 1, 2), check=True, capture_output=True, text=True)
    assert "killed a worker" in resumed.stdout
    assert comparable_lines(tmp_path / "chaos") == expected
