"""What a data set keeps of an episode: pictures of all cameras, proprioception, chosen facts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_gym.datasets.demonstration import Footage
from vla_gym.replay.walk import Walk


@dataclass(frozen=True)
class Frames:
    """Gathers what was there before each action.

    Attributes:
        steps: Bool ``(T,)``: which steps of the episode; pictures are drawn of no others. ``None``
            is all of them.
        info: Names in ``info`` that are kept as well.
    """

    steps: npt.NDArray[np.bool_] | None = None
    info: tuple[str, ...] = ()

    def __call__(self, walk: Walk) -> Footage:
        """Return the chosen steps."""
        cameras = walk.cameras
        numbers, pictures, states = [], [], []
        facts: dict[str, list[npt.NDArray[np.floating]]] = {name: [] for name in self.info}
        step = 0
        for moment in walk:
            if moment.action is None:
                continue
            if self.steps is None or self.steps[step]:
                numbers.append(step)
                pictures.append(walk.pictures(cameras))
                states.append(np.asarray(moment.observation["proprioception"], np.float32))
                for name in self.info:
                    facts[name].append(np.array(moment.info[name]))
            step += 1
        return Footage(
            steps=np.array(numbers, np.int64),
            images={role: np.stack([p[role] for p in pictures]) for role in cameras if pictures},
            proprioception=np.array(states, np.float32),
            info={name: np.array(values) for name, values in facts.items()},
        )
