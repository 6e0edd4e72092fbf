"""Whether an annotation tells the truth: its stretch is done again, and its task judged.

A stretch that does something else than its sentence says teaches a policy another task than it
is told.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vla_gym_calvin.datasets.play import PlayDataset
from vla_gym_calvin.env import CalvinEnv


def replayed_differently(dataset: PlayDataset, *, scene: str, assets: str) -> Iterator[str]:
    """Yield a line for each annotation whose stretch does not fulfil its task when replayed.

    Args:
        dataset: The annotated stretches.
        scene: Where they were recorded, ``"A"`` to ``"D"``.
        assets: Of the simulator.
    """
    env = CalvinEnv(scene=scene, assets=assets, cameras=())
    try:
        for number, annotation in enumerate(dataset.annotations):
            done = _replayed(env, dataset, number)
            if annotation.task not in done:
                instead = f"; fulfilled: {', '.join(sorted(done))}" if done else ""
                yield (
                    f"annotation {number} (frames {annotation.first} to {annotation.last}): "
                    f"{annotation.task} is not fulfilled{instead}"
                )
    finally:
        env.close()


def _replayed(env: CalvinEnv, dataset: PlayDataset, number: int) -> set[str]:
    """Return the tasks that were fulfilled at any step of a stretch."""
    annotation = dataset.annotations[number]
    names = ("rel_actions", "robot_obs", "scene_obs")
    frames = dataset.frames(annotation.first, annotation.last, names)
    start = {key: frames[key][0].astype(np.float64) for key in ("robot_obs", "scene_obs")}
    env.reset(seed=0, options=start)
    done: set[str] = set()
    for action in frames["rel_actions"]:
        info = env.step_chunk(action[None].astype(np.float64), observe=False)[-1]
        done |= set(info["task_done"])
    return done
