"""What a family of tasks is: it draws where an episode begins and names the judge of it.

A ``Task`` has no state; the ``Judge`` of an episode has.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

import numpy as np

from vla_gym.errors import OptionError
from vla_gym_simpler.facts.google_robot import RECOLORINGS
from vla_gym_simpler.facts.robot import RobotFacts
from vla_gym_simpler.facts.robots import ROBOTS
from vla_gym_simpler.facts.tasks import TASKS
from vla_gym_simpler.initial import InitialState
from vla_gym_simpler.options import TaskOptions
from vla_gym_simpler.reset_options import ResetOptions
from vla_gym_simpler.simulation import Simulation
from vla_gym_simpler.success import Judge

Rng = np.random.RandomState
Chosen = TypeVar("Chosen", bound=TaskOptions)


class Task(ABC, Generic[Chosen]):
    """A family of tasks with its keywords.

    Args:
        name: One of ``facts.tasks.TASKS``.
        options: Its keywords, checked.

    Attributes:
        reset_options: Names in the official ``obj_init_options`` that it understands, besides
            ``episode_id``.
    """

    reset_options: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str, options: Chosen) -> None:
        self.name, self.facts, self.options = name, TASKS[name], options

    @property
    def robot(self) -> RobotFacts:
        """The robot that does it."""
        return ROBOTS[self.facts.robot]

    @property
    @abstractmethod
    def episodes(self) -> int:
        """Number of official episodes of a setting."""

    @abstractmethod
    def draw(self, seed: int, reset: ResetOptions) -> InitialState:
        """Return where an episode begins.

        Raises:
            OptionError: For an episode that is not there.
        """

    @abstractmethod
    def judge(self, simulation: Simulation) -> Judge:
        """Return the judge of an episode that begins now."""

    def checked(self, episode: int | None) -> int | None:
        """Return an official episode number that exists, or ``None``."""
        if episode is None or 0 <= episode < self.episodes:
            return episode
        raise OptionError(
            f"episode_id={episode}: {self.name} has the episodes 0 to {self.episodes - 1}."
        )


def draw_recoloring(rng: Rng, chosen: str | None, *, overlay: bool) -> str:
    """Return the robot's recolouring: the chosen one, drawn with a photograph, else plain."""
    if chosen is not None:
        return chosen
    return RECOLORINGS[rng.choice(len(RECOLORINGS))] if overlay else ""
