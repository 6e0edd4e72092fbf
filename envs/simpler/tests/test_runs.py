"""SimplerEnv through the runner: kills and workers never change a number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from vla_gym_sapien import rendering

from vla_gym.testing.chaos import (
    comparable_lines,
    episodes_in,
    kill_after_episodes,
    kill_workers_while,
)

EPISODES = 4

ORACLE = 'policy = "simpler-oracle"'

LOOKER = '''
class Looker:
    """Its action is a hash of what it sees: one changed pixel changes all that follows."""

    spec = PolicySpec(
        cameras={"static": CameraSpec(height=48, width=64, resize="area")},
        proprioception=(),
        action=action_spec("widowx"),
    )

    def reset(self, slots):
        pass

    def act(self, batch):
        return np.stack([self._one(picture) for picture in batch.images["static"]])

    def _one(self, picture):
        rng = np.random.default_rng(zlib.crc32(picture.tobytes()))
        return np.append(rng.uniform(-0.02, 0.02, 6), 1.0)[None]


policy = Looker()
steps = 4
'''

SCRIPT = """
import sys, zlib
import numpy as np
import vla_gym
from vla_gym.contract import CameraSpec, PolicySpec
from vla_gym.suites import load_suite
from vla_gym_simpler.spec import action_spec

steps = 60
{run}
suite = load_suite(
    "simpler/widowx", {{"assets": "builtin", "shader": "trivial", "tasks": "stack_cube"}}
)


def shortened(episode):
    subtask = episode.subtasks[0].model_copy(update={{"max_steps": steps}})
    return episode.model_copy(update={{"subtasks": (subtask,)}})


episodes = tuple(shortened(episode) for episode in suite.episodes[:{episodes}])
vla_gym.evaluate(
    policy, suite.model_copy(update={{"episodes": episodes}}), out=sys.argv[1],
    workers=int(sys.argv[2]), batch_size=int(sys.argv[3]), video="none", progress=False,
)
"""


def _command(folder: Path, run: str, name: str, workers: int, batch: int) -> list[str]:
    script = folder / "script.py"
    script.write_text(SCRIPT.format(run=run, episodes=EPISODES))
    return [sys.executable, str(script), str(folder / name), str(workers), str(batch)]


@pytest.mark.slow
@pytest.mark.parametrize("run", [ORACLE, LOOKER], ids=["oracle", "pictures"])
def test_numbers_do_not_depend_on_workers_batches_or_kills(tmp_path: Path, run: str) -> None:
    if run is LOOKER and not rendering.probe().ok:
        pytest.skip(f"no Vulkan device: {rendering.probe().problem}")
    subprocess.run(_command(tmp_path, run, "calm", 1, 1), check=True)
    expected = comparable_lines(tmp_path / "calm")
    assert len(expected) == EPISODES
    assert not any(json.loads(line)["error"] for line in expected)

    command = _command(tmp_path, run, "chaos", 2, 2)
    kill_after_episodes(command, tmp_path / "chaos", more=1)
    assert 1 <= episodes_in(tmp_path / "chaos") < len(expected)
    assert kill_workers_while(command, kills=1, every=3.0)
    assert comparable_lines(tmp_path / "chaos") == expected
