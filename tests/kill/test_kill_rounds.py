"""Whatever is killed, whenever: nothing is lost, doubled or left, and the result is the same.

Two rounds here, of an evaluation and a collection; ``tox -e kill`` plays 200.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("accelerate", reason="needs vla-gym[training]")
pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")

ROUNDS = os.environ.get("VLA_GYM_KILLS", "2")
HERE = Path(__file__).parent


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted with Linux's prctl")
@pytest.mark.timeout(36000)
def test_killed_jobs_lose_nothing_leave_nothing_and_end_with_the_same_result(
    tmp_path: Path,
) -> None:
    path = [str(HERE), *(entry or "." for entry in sys.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "kill_rounds.py"), "--rounds", ROUNDS]
    done = subprocess.run(
        [*command, "--home", str(tmp_path)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout
