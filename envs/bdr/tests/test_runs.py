"""BDRBench through the runner: kills and workers never change a number."""

from __future__ import annotations

import json
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

SCRIPT = """
import sys
import vla_gym
from vla_gym.suites import load_suite

options = {"n_rollouts": 2, "tasks": ["PickUpRedMug", "PickUpMandarin"]}
suite = load_suite("bdr/unseen-distractor", options)
vla_gym.evaluate(
    "bdr-oracle", suite, out=sys.argv[1], workers=int(sys.argv[2]), video="none", progress=False
)
"""


@pytest.mark.full  # SimplerEnv's test goes the same way in every run
def test_numbers_do_not_depend_on_workers_or_kills(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    def command(name: str, workers: int) -> list[str]:
        return [sys.executable, str(script), str(tmp_path / name), str(workers)]

    subprocess.run(command("calm", 1), check=True)
    expected = comparable_lines(tmp_path / "calm")
    assert len(expected) == 4
    assert not any(json.loads(line)["error"] for line in expected)
    kill_after_episodes(command("chaos", 2), tmp_path / "chaos", more=1)
    assert 1 <= episodes_in(tmp_path / "chaos") < 4
    assert kill_workers_while(command("chaos", 2), kills=1, every=1.0)
    assert comparable_lines(tmp_path / "chaos") == expected
