"""Pictures of CALVIN: what simplified visuals save and what they change.

Used by ``benchmarks/calvin.py`` (parts b and f); ``python benchmarks/calvin_rendering.py`` prints
both. Times are CPU time of this process, the least that a repetition took, because other work on
the machine only ever adds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from vla_gym_calvin import facts
from vla_gym_calvin.rendering import Renderer, VisualState, make_renderer
from vla_gym_calvin.scene_assets import SceneAssets, scene_assets
from vla_gym_calvin.world import World

ROLES = ("static", "wrist")


@dataclass(frozen=True)
class StepTimes:
    """One env step with both cameras, ms of CPU time, and the ratio exact / low."""

    renderer: str
    low_ms: float
    exact_ms: float
    ratio: float


@dataclass(frozen=True)
class Differences:
    """Mean absolute grey-level difference of low to exact visuals, over several states."""

    renderer: str
    static: float
    wrist: float


def motion(*, steps: int = 60, seed: int = 0) -> list[np.ndarray]:
    """Return relative actions that move the arm smoothly over the table."""
    rng = np.random.default_rng(seed)
    drift = np.cumsum(rng.normal(size=(steps, 7)), axis=0) / 6
    actions = np.clip(drift, -1, 1)
    actions[:, 3:6] *= 0.3
    actions[:, 6] = np.where(np.arange(steps) % 30 < 15, 1.0, -1.0)
    return list(actions)


def fresh_world(assets: SceneAssets) -> World:
    """Return a world reset to the initial pose with blocks placed by seed 0."""
    world = World(assets)
    world.reset(rng=np.random.default_rng(0))
    return world


def states_of(
    assets: SceneAssets, actions: Sequence[np.ndarray], *, every: int
) -> list[VisualState]:
    """Return the visual state after every ``every`` actions."""
    world = fresh_world(assets)
    states = [world.visual_state()]
    for index, action in enumerate(actions, start=1):
        world.step(action)
        if index % every == 0:
            states.append(world.visual_state())
    world.close()
    return states


def cpu_times(work: Callable[[], object], repetitions: int) -> np.ndarray:
    """Return CPU seconds of each call of ``work``, all threads of the process together."""
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return np.array(times)


def step_with_cameras(
    renderer: Renderer, assets: SceneAssets, actions: Sequence[np.ndarray]
) -> float:
    """Return the least CPU time in ms of physics step plus both pictures."""
    world = fresh_world(assets)
    remaining = iter(actions)

    def step() -> None:
        world.step(next(remaining))
        renderer.render(world.visual_state(), ROLES)

    times = cpu_times(step, len(actions))
    world.close()
    return float(np.min(times) * 1e3)


def low_against_exact(name: str, *, scene: str = "D", steps: int = 30) -> StepTimes:
    """Part b: a whole step with both cameras, low against exact visuals, one renderer."""
    assets = scene_assets(scene)
    actions = motion(steps=steps)
    ms = {}
    for visuals in ("low", "exact"):
        renderer = make_renderer(name, assets=assets, visuals=visuals)
        ms[visuals] = step_with_cameras(renderer, assets, actions)
        renderer.close()
    return StepTimes(name, ms["low"], ms["exact"], ms["exact"] / ms["low"])


def low_differences(name: str, *, scene: str = "D", steps: int = 60) -> Differences:
    """Part f: mean grey-level difference of low to exact visuals along a motion."""
    assets = scene_assets(scene)
    states = states_of(assets, motion(steps=steps), every=10)
    low, exact = (make_renderer(name, assets=assets, visuals=v) for v in ("low", "exact"))
    sums = dict.fromkeys(ROLES, 0.0)
    for state in states:
        ours, theirs = low.render(state, ROLES), exact.render(state, ROLES)
        for role in ROLES:
            sums[role] += float(np.abs(ours[role].rgb.astype(int) - theirs[role].rgb).mean())
    low.close()
    exact.close()
    return Differences(name, *(sums[role] / len(states) for role in ROLES))


def main() -> None:
    """Print both parts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renderers", nargs="+", default=["tiny", "egl"])
    parser.add_argument("--scene", default="D", choices=sorted(facts.SCENES))
    options = parser.parse_args()
    for name in options.renderers:
        print(json.dumps(asdict(low_against_exact(name, scene=options.scene))))
        print(json.dumps(asdict(low_differences(name, scene=options.scene))))


if __name__ == "__main__":
    main()
