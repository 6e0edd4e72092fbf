"""SimplerEnv without our runner: several environments in threads and in other processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sapien")

from vla_gym_sapien import rendering
from vla_gym_simpler.assets import descriptions
from vla_gym_simpler.env import SimplerEnv

import vla_gym  # noqa: F401  (registers)

TASKS = ("widowx_stack_cube", "google_robot_open_drawer", "widowx_spoon_on_towel")


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], list[str]]:
    """What returns the lines that a script prints in a process of its own."""

    def lines(script: str) -> list[str]:
        file = tmp_path / "script.py"
        file.write_text(script)
        command = [sys.executable, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return lines


def walk(task: str, found: dict[str, Any]) -> None:
    """Note where the robot and the objects are after a few steps of a task."""
    env = SimplerEnv(task=task, assets="builtin", cameras=())
    env.reset(seed=3, options={"episode_id": 2})
    for _ in range(3):
        env.step(np.array([0.02, -0.01, -0.02, 0.0, 0.0, 0.1, -1.0]))
    found[task] = {name: value.tolist() for name, value in env.state().items()}
    env.close()


def test_environments_in_threads_do_what_each_does_alone() -> None:
    """The WidowX' description is expanded by a library that serves one thread at a time."""
    alone: dict[str, Any] = {}
    for task in TASKS:
        walk(task, alone)
    descriptions.widowx.cache_clear()
    together: dict[str, Any] = {}
    threads = [threading.Thread(target=walk, args=(task, together)) for task in TASKS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "piped"])
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_sentences_and_pictures_of_other_processes_arrive(context: str, shared: bool, run) -> None:
    if not rendering.probe().ok:
        pytest.skip(f"no Vulkan device: {rendering.probe().problem}")
    settings = {"context": context, "shared_memory": shared}
    assert run(f"vector = {settings!r}\n{PICTURES}") == [
        "stack the green block on the yellow block",
        "True",
        "[True]",
    ]


PICTURES = """
import gymnasium, numpy, vla_gym
if __name__ == "__main__":
    env = gymnasium.make_vec("SimplerEnv-WidowX-StackCube-v0", num_envs=1,
        vectorization_mode="async", vector_kwargs=vector, assets="builtin", shader="trivial",
        camera_sizes={"static": (48, 64)}, max_steps=1)
    seen, _ = env.reset(seed=0)
    print(seen["instruction"][0])
    print(seen["images"]["static"].std() > 10)
    print(env.step(numpy.zeros((1, 7), numpy.float32))[3].tolist())
    env.close()
"""

AFTER_A_PICTURE = """
import gymnasium, vla_gym
def make():
    return gymnasium.make("SimplerEnv-WidowX-StackCube-v0", assets="builtin", shader="trivial",
        camera_sizes={"static": (48, 64)})
if __name__ == "__main__":
    first = make()
    first.reset(seed=0)
    first.close()
    env = gymnasium.vector.AsyncVectorEnv([make], context="fork")
    try:
        env.reset(seed=0)
    except Exception as error:
        print(type(error).__name__, '"spawn"' in str(error))
    env.close(terminate=True)
"""


@pytest.mark.slow
def test_a_forked_child_of_a_process_that_has_drawn_says_so_and_does_not_hang(run) -> None:
    if not rendering.probe().ok:
        pytest.skip(f"no Vulkan device: {rendering.probe().problem}")
    assert run(AFTER_A_PICTURE) == ["RendererError True"]
