"""CALVIN without our runner: in processes, after a fork, episode after episode."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest

import vla_gym  # noqa: F401  (registers)

STILL = np.zeros((2, 7), np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_a_vector_environment_goes_on_with_the_same_task(context: str) -> None:
    options: dict[str, Any] = {"assets": "builtin", "cameras": (), "max_steps": 2}
    env = gymnasium.make_vec(
        "CALVIN-D-D-v0",
        num_envs=2,
        vectorization_mode="async",
        vector_kwargs={"context": context},
        subtasks=("open_drawer",),
        **options,
    )
    told = env.reset(seed=0)[0]["instruction"]
    assert told[0] == told[1] != ""
    env.step(STILL)
    assert env.step(STILL)[3].all()  # truncated
    seen, *_, info = env.step(STILL)  # begins the next episode
    assert tuple(seen["instruction"]) == tuple(told)
    assert list(info["task"]) == ["open_drawer"] * 2
    env.close()


AFTER_A_PICTURE = """
import gymnasium, vla_gym, numpy
first = gymnasium.make("CALVIN-D-D-v0", assets="builtin", renderer="gl")
first.reset(seed=0)
first.close()
for context in ("spawn", "fork"):
    env = gymnasium.make_vec("CALVIN-D-D-v0", num_envs=1, vectorization_mode="async",
        vector_kwargs={"context": context}, assets="builtin", renderer="gl",
        cameras=("static",), subtasks=("open_drawer",))
    try:
        seen = env.reset(seed=0)[0]
        seen = seen["images"]["static"].std() > 10, seen["instruction"][0] != ""
        print(context, *seen, flush=True)
    except Exception as error:
        print(context, type(error).__name__, '"spawn"' in str(error), flush=True)
    env.close(terminate=True)
"""


@pytest.mark.slow
def test_after_a_picture_children_draw_or_say_why_not(tmp_path: Any) -> None:
    script = tmp_path / "script.py"
    body = "".join(f"    {line}\n" for line in AFTER_A_PICTURE.strip().splitlines())
    script.write_text(f'if __name__ == "__main__":\n{body}')
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=300, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(("spawn", "fork"))]
    assert lines == ["spawn True True", "fork RendererError True"], done.stdout + done.stderr
