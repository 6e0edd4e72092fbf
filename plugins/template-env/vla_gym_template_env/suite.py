"""What is evaluated: every spot, from several beginnings."""

from pydantic import Field

from vla_gym.schema import Record
from vla_gym.suites import EpisodeSpec, Protocol, SubTask, Suite
from vla_gym_template_env.env import SPOTS


class ReachOptions(Record):
    """What ``--set suite.NAME=...`` takes.

    Attributes:
        episodes: Of each spot.
        max_steps: Of an episode.
    """

    episodes: int = Field(default=5, ge=1)
    max_steps: int = Field(default=60, ge=1)


def reach(options: ReachOptions) -> Suite:
    """Return the suite."""
    episodes = tuple(
        EpisodeSpec(
            env_id="TemplateArm-v0",
            seed=seed,
            subtasks=(
                SubTask(name=name, instruction=name.replace("_", " "), max_steps=options.max_steps),
            ),
            group=name,
        )
        for name in SPOTS
        for seed in range(options.episodes)
    )
    return Suite(
        name="template/reach",
        episodes=episodes,
        protocol=Protocol(success="first"),
        table="tasks",
        description=f"{len(episodes)} reaches of a planar arm",
    )
