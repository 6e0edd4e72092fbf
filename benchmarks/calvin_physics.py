"""How much the CALVIN environment costs beyond its physics, as ratios measured in one run.

``step_ratio``: an env step without cameras against eight bare ``stepSimulation`` calls on the same
world and motion. ``reset_ratio``: a reset without cameras against such a step.

Episodes are exactly repeatable, so every step is timed in several replays and its fastest time
counts: what other processes do to the machine drops out.

    python benchmarks/calvin_physics.py [--golden DIR] [--replays N]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from vla_gym_calvin import facts
from vla_gym_calvin.env import CalvinEnv

GOLDEN = Path(__file__).parents[2] / "shared" / "golden" / "calvin"
PATTERN = "scene_D/case_0[0469]*.npz"
STEPS = 100  # of each episode

F64 = npt.NDArray[np.float64]


class Motion(NamedTuple):
    """An episode to replay: reset options and actions ``(T, 7)``."""

    options: dict[str, Any]
    actions: F64


def golden_motions(golden: Path = GOLDEN) -> list[Motion]:
    """Return recorded episodes of scene D: drawer, LED, lifting and placing, random."""
    return [_motion(np.load(file)) for file in sorted(golden.glob(PATTERN))]


def _motion(case: Any) -> Motion:
    options = {"robot_obs": case["init_robot_obs"], "scene_obs": case["init_scene_obs"]}
    return Motion(options, case["actions"][:STEPS])


def step_ratio(env: CalvinEnv, motions: Sequence[Motion], *, replays: int = 5) -> float:
    """Return the time of env steps over that of the physics steps inside them."""
    steps = sum(_fastest(_time_steps, env, motion, replays).sum() for motion in motions)
    bare = sum(_fastest(_time_physics, env, motion, replays).sum() for motion in motions)
    return float(steps / bare)


def reset_ratio(env: CalvinEnv, motions: Sequence[Motion], *, replays: int = 5) -> float:
    """Return the time of a reset over the mean time of a step."""
    steps = np.concatenate([_fastest(_time_steps, env, motion, replays) for motion in motions])
    # A reset is longer than a time slice of a busy machine, so it needs more attempts.
    resets = [_fastest(_time_reset, env, motion, 8 * replays).mean() for motion in motions]
    return float(np.mean(resets) / steps.mean())


def _fastest(timer: Any, env: CalvinEnv, motion: Motion, replays: int) -> F64:
    fastest: F64 = np.min([timer(env, motion) for _ in range(replays)], axis=0)
    return fastest


def _time_reset(env: CalvinEnv, motion: Motion) -> F64:
    began = time.perf_counter()
    env.reset(options=motion.options)
    return np.array([time.perf_counter() - began])


def _time_steps(env: CalvinEnv, motion: Motion) -> F64:
    env.reset(options=motion.options)
    stamps = [time.perf_counter()]
    for action in motion.actions:
        env.step(action)
        stamps.append(time.perf_counter())
    return np.diff(stamps)


def _time_physics(env: CalvinEnv, motion: Motion) -> F64:
    """Time only the physics steps of the same episode."""
    env.reset(options=motion.options)
    world, times = env.world, []
    for action in motion.actions:
        world.robot.apply(action)
        began = time.perf_counter()
        world.advance(facts.PHYSICS_STEPS)
        times.append(time.perf_counter() - began)
        world.scene.update()
    return np.array(times)


def main() -> None:
    """Print both ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--golden", type=Path, default=GOLDEN)
    parser.add_argument("--replays", type=int, default=5)
    options = parser.parse_args()
    os.environ.setdefault("VLA_GYM_ASSETS", str(options.golden.parents[1] / "assets"))
    env = CalvinEnv(assets="official", cameras=(), button_reset="main")
    motions = golden_motions(options.golden)
    for name, ratio, limit in (("step", step_ratio, 1.2), ("reset", reset_ratio, 5.0)):
        value = ratio(env, motions, replays=options.replays)
        print(f"{name}_ratio {value:.3f} (limit {limit})")
    env.close()


if __name__ == "__main__":
    main()
