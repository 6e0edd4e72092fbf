"""What an environment is, beyond ``gymnasium.Env``: the few things that the runner calls.

Keyword arguments that every environment class takes: ``cameras`` (roles to render into
observations; may be empty). Reset options that every environment takes: ``subtasks`` (a list of
sub-task names; without it the episode is free play). ``info`` always holds ``INFO_KEYS``:

* ``success``: the sub-task that this step worked on was achieved at this step,
* ``task``: name of the sub-task that the next action works on,
* ``subtask_index``: how many sub-tasks the environment has left behind by itself, achieved or not,
* ``steps``: how many actions this call executed, 0 at reset.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, TypedDict, runtime_checkable

import numpy as np
import numpy.typing as npt

from vla_gym.contract.spec import EnvContract

INFO_KEYS = ("success", "task", "subtask_index", "steps")

Observation = dict[str, Any]


class _Always(TypedDict):
    """The keys that are always there."""

    success: bool | np.bool_
    task: str
    subtask_index: int
    steps: int


class Info(_Always, total=False):
    """What the runner reads of ``info``; environments add keys of their own.

    Attributes:
        success: The sub-task that this call worked on was achieved at its last step.
        task: Name of the sub-task that the next action works on, ``""`` in free play.
        subtask_index: How many sub-tasks the environment has left behind by itself.
        steps: How many actions this call executed, 0 at reset.
        metrics: Finite numbers and flags beside success, recorded by sub-task.
    """

    metrics: Mapping[str, float | bool]


StepResult = tuple[Observation, float, bool, bool, dict[str, Any]]


@runtime_checkable
class VlaEnv(Protocol):
    """What ``gymnasium.make(id).unwrapped`` offers besides the Gymnasium API."""

    @property
    def contract(self) -> EnvContract:
        """Cameras, proprioception and action of this environment."""
        ...

    @property
    def tasks(self) -> Collection[str]:
        """Names of the sub-tasks that it can work on."""
        ...

    def begin_subtask(self, name: str) -> None:
        """Let the present state be the beginning of a sub-task, which no ``info`` counts."""
        ...

    def step_chunk(
        self, actions: npt.NDArray[np.floating[Any]], *, observe: bool = True
    ) -> StepResult:
        """Run actions ``(n, action_size)`` and observe (render) only after the last.

        Stops at the step where the sub-task succeeds or the episode ends; ``info["steps"]`` says
        how many were executed. With ``observe=False`` no picture is taken and the observation has
        no ``images``.
        """
        ...

    def render_cameras(self, names: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        """Return pictures of the present state, uint8 ``(H, W, 3)`` by camera role."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return what a result should record: engine versions, assets, renderer, fingerprints."""
        ...
