"""CALVIN through the runner: kills, workers and batches never change a number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vla_gym.testing.chaos import (
    comparable_lines,
    episodes_in,
    kill_after_episodes,
    kill_workers_while,
)

ORACLE = "policy, suite = 'calvin-oracle', smoke(chains=6)"

LOOKER = '''
class Looker:
    """Its action is a hash of everything it sees: one changed pixel changes all that follows."""

    spec = PolicySpec(
        cameras={
            "static": CameraSpec(height=200, width=200),
            "wrist": CameraSpec(height=84, width=84),
        },
        proprioception=(),
        action=ACTION,
    )

    def reset(self, slots):
        pass

    def act(self, batch):
        return np.stack([self._one(*pictures) for pictures in zip(*batch.images.values())])

    def _one(self, *pictures):
        rng = np.random.default_rng([zlib.crc32(picture.tobytes()) for picture in pictures])
        return np.append(rng.uniform(-1, 1, 6), 1.0)[None]


policy, suite = Looker(), smoke(chains=6, max_steps=5)
'''

SCRIPT = """
import sys, zlib
import numpy as np
import vla_gym
from vla_gym.contract import CameraSpec, PolicySpec
from vla_gym_calvin.spec import ACTION


def smoke(**options):
    return vla_gym.load_suite("calvin/smoke", {{"length": 1, "assets": "builtin", **options}})


{run}
vla_gym.evaluate(
    policy, suite, out=sys.argv[1], workers=int(sys.argv[2]), batch_size=int(sys.argv[3]),
    video="none", progress=False,
)
"""


def _command(folder: Path, run: str, name: str, workers: int, batch: int) -> list[str]:
    script = folder / "script.py"
    script.write_text(SCRIPT.format(run=run))
    return [sys.executable, str(script), str(folder / name), str(workers), str(batch)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "run",
    [
        pytest.param(ORACLE, id="oracle", marks=pytest.mark.full),
        pytest.param(LOOKER, id="pictures"),
    ],
)
def test_numbers_do_not_depend_on_workers_batches_or_kills(tmp_path: Path, run: str) -> None:
    subprocess.run(_command(tmp_path, run, "calm", 1, 1), check=True)
    expected = comparable_lines(tmp_path / "calm")
    assert len(expected) == 6

    command = _command(tmp_path, run, "chaos", 4, 3)
    kill_after_episodes(command, tmp_path / "chaos", more=1)
    assert 1 <= episodes_in(tmp_path / "chaos") < len(expected)
    again = _command(tmp_path, run, "chaos", 2, 2)
    assert kill_workers_while(again, kills=1, every=1.0)
    assert comparable_lines(tmp_path / "chaos") == expected
