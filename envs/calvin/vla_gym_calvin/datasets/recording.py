"""Play in CALVIN's own layout, made by any policy: a recording per episode, sentences where it did.

What people recorded for the official data set is 24 hours of teleoperation of which a hundredth
is annotated (Mees et al. 2022, section IV); here every sub-task that was fulfilled is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vla_gym.datasets.demonstration import Footage
from vla_gym.records import EpisodeRecord, Executed
from vla_gym_calvin.datasets.annotations import Annotation
from vla_gym_calvin.datasets.play import PICTURES
from vla_gym_calvin.datasets.writing import PlayWriter
from vla_gym_calvin.initial import EVALUATION_SCENE


class PlayRecorder:
    """Writes episodes as the split ``out/training``.

    Args:
        out: Must not hold a split yet.
    """

    info = ("robot_obs", "scene_obs")

    def __init__(self, out: Path) -> None:
        self._writer = PlayWriter(out / "training")
        self._count = 0

    def add(self, record: EpisodeRecord, executed: Executed, footage: Footage) -> None:
        """Write an episode."""
        annotations = list(_annotations(record))
        frames = {name: footage.images[role] for role, name in PICTURES.items()}
        numbers = {**footage.info, "rel_actions": executed.actions}
        scene = str(footage.env_kwargs.get("scene", EVALUATION_SCENE))
        self._writer.add({**frames, **numbers}, annotations, scene=scene)
        self._count += len(annotations)

    def close(self) -> int:
        """Finish the split; return the number of annotations."""
        self._writer.close()
        return self._count


def _annotations(record: EpisodeRecord) -> Iterator[Annotation]:
    first = 0
    for done in record.subtasks:
        if done.success:
            yield Annotation(first, first + done.steps - 1, done.name, done.instruction)
        first += done.steps
