"""Play in CALVIN's own layout, made by any policy: a recording an episode, sentences where it did.

What people recorded for the official data set is 24 hours of teleoperation of which a hundredth
is annotated (Mees et al. 2022, section IV); here every sub-task that was fulfilled is.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.runner.redo import Finished, Moment, redo
from vla_gym.runner.worker import make_env
from vla_gym_calvin.datasets.annotations import Annotation
from vla_gym_calvin.datasets.play import PICTURES, PlayWriter


def record(episodes: Iterable[Finished], out: Path) -> int:
    """Write episodes as the split ``out/training``; return the number of annotations.

    Args:
        episodes: Of one scene.
        out: Must not hold a split yet.
    """
    writer, env, count = PlayWriter(out / "training"), None, 0
    try:
        for episode in episodes:
            env = env or make_env(episode.spec.env_id, episode.spec.env_kwargs)
            moments = list(redo(env, episode.spec, episode.record, episode.executed.actions))
            annotations = list(_annotations(episode))
            writer.add(_frames(moments), annotations)
            count += len(annotations)
    finally:
        if env is not None:
            env.close()
    writer.close()
    return count


def _annotations(episode: Finished) -> Iterable[Annotation]:
    first = 0
    for done in episode.record.subtasks:
        if done.success:
            yield Annotation(first, first + done.steps - 1, done.name, done.instruction)
        first += done.steps


def _frames(moments: list[Moment]) -> dict[str, npt.NDArray[Any]]:
    seen = {
        name: np.stack([moment.observation["images"][role] for moment in moments])
        for role, name in PICTURES.items()
    }
    states = {
        name: np.stack([moment.info[name] for moment in moments])
        for name in ("robot_obs", "scene_obs")
    }
    return {**seen, **states, "rel_actions": np.stack([moment.action for moment in moments])}
