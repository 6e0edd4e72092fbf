"""Whether an annotation tells the truth: its stretch is done again, and its task judged.

A stretch that does something else than its sentence says teaches a policy another task than it
is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from vla_gym.records import EpisodeRecord, Executed, SubTaskRecord
from vla_gym.replay.audit import Audit
from vla_gym.replay.walk import Recorded
from vla_gym.runner.options import RunOptions
from vla_gym.runner.replays import replay_all
from vla_gym.suites import EpisodeSpec, SubTask
from vla_gym_calvin.datasets.play import PlayDataset

_ENVIRONMENT: Final = "CALVIN-D-D-v0"  # any of them: ``scene`` says which


def replayed_differently(dataset: PlayDataset, *, scene: str | None, assets: str) -> Iterator[str]:
    """Yield a line for each annotation whose stretch does not fulfil its task when replayed.

    Args:
        dataset: The annotated stretches.
        scene: Where they were recorded, ``"A"`` to ``"D"``; as ``scene_info.npy`` says if ``None``.
        assets: Of the simulator.

    Raises:
        DatasetError: When the file says another scene, or nothing about a stretch.
    """
    dataset.scenes.warn(scene)
    places = [dataset.scenes.chosen(a.first, a.last, scene) for a in dataset.annotations]
    episodes = [
        _recorded(dataset, number, {"scene": place, "assets": assets})
        for number, place in enumerate(places)
    ]
    fulfilled: dict[int, frozenset[str]] = {}
    replay_all(
        episodes,
        lambda _: Audit("task_done"),
        lambda episode, done: fulfilled.update({episode.index: done}),
        options=RunOptions(),
    )
    for number, annotation in enumerate(dataset.annotations):
        done = fulfilled[number]
        if annotation.task not in done:
            instead = f"; fulfilled: {', '.join(sorted(done))}" if done else ""
            yield (
                f"annotation {annotation.row} (frames {annotation.first} to {annotation.last}): "
                f"{annotation.task} is not fulfilled{instead}"
            )


def _recorded(dataset: PlayDataset, number: int, env_kwargs: dict[str, str]) -> Recorded:
    """Return a stretch as an episode of free play that begins where it does."""
    annotation = dataset.annotations[number]
    names = ("rel_actions", "robot_obs", "scene_obs")
    frames = dataset.frames(annotation.first, annotation.last, names)
    actions = frames["rel_actions"].astype(np.float64)
    start = {key: frames[key][0].astype(np.float64) for key in ("robot_obs", "scene_obs")}
    task = {"name": annotation.task, "instruction": annotation.sentence}
    spec = EpisodeSpec(
        env_id=_ENVIRONMENT,
        env_kwargs=env_kwargs,
        options={**start, "subtasks": []},
        subtasks=(SubTask(**task, max_steps=len(actions)),),
    )
    done = SubTaskRecord(**task, success=False, steps=len(actions))
    return Recorded(
        number, spec, EpisodeRecord(episode=number, subtasks=(done,)), Executed(actions)
    )
