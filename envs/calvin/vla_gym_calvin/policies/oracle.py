"""``calvin-oracle``: a scripted expert that sees the ground truth and can do all 34 tasks.

It is the upper bound of the benchmark, the source of demonstrations, and the proof that every task
can be solved. Per running episode it keeps an ``Arm`` (the commanded pose, which outlives the
sub-tasks of a chain) and a program: a generator that withdraws from the last task and then tries
the present one again and again, planning anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from vla_gym.contract.policy import Batch, Chunk, Slot
from vla_gym.contract.spec import PolicySpec
from vla_gym.errors import PolicyError
from vla_gym.policies.scripted import as_far_as_possible
from vla_gym.schema import Record
from vla_gym_calvin.policies.arm import Arm, Motion
from vla_gym_calvin.policies.disturbance import Disturbance
from vla_gym_calvin.policies.reach import withdraw
from vla_gym_calvin.policies.scene_view import SceneView
from vla_gym_calvin.policies.skills import HOLDING, SKILLS
from vla_gym_calvin.spec import ACTION

_ENVIRONMENTS = ("CALVIN-D-D-v0", "CALVIN-ABC-D-v0", "CALVIN-ABCD-D-v0")


class OracleOptions(Record):
    """What may be set.

    Attributes:
        noise: Push it off its way now and then, by at most so much in units of an action (0 to 1);
            for demonstrations, which then record what was intended as their labels.
    """

    noise: float = Field(default=0.0, ge=0, le=1)


class CalvinOracle:
    """The policy; one ``Expert`` for each running episode."""

    def __init__(self, options: OracleOptions | None = None) -> None:
        self._noise = (options or OracleOptions()).noise
        self._experts: dict[int, Expert] = {}

    @property
    def spec(self) -> PolicySpec:
        """No cameras: it reads the state of the simulator."""
        return PolicySpec(
            cameras={},
            proprioception=(),
            action=ACTION,
            privileged=("robot_obs", "scene_obs", "task"),
            environments=_ENVIRONMENTS,
        )

    def reset(self, slots: Sequence[Slot]) -> None:
        """Begin a sub-task; the commanded pose is forgotten only where an episode begins."""
        for slot in slots:
            if slot.subtask == 0 or slot.id not in self._experts:
                disturbance = Disturbance(self._noise, slot.seed)
                self._experts[slot.id] = Expert(slot.env_kwargs.get("scene", "D"), disturbance)
            self._experts[slot.id].begin()

    def act(self, batch: Batch) -> npt.NDArray[np.float64] | Chunk:
        """Return one action for each slot, ``(B, 1, 7)``; with noise, also as it was meant."""
        pairs = zip(batch.slots, batch.infos, strict=True)
        actions = np.array([[self._experts[slot.id].action(info)] for slot, info in pairs])
        if not self._noise:
            return actions
        meant = np.array([[self._experts[slot.id].intended] for slot in batch.slots])
        return Chunk(actions, intended=meant)


class Expert:
    """One episode.

    Args:
        scene: ``"A"`` to ``"D"``.
        disturbance: Of its actions.
    """

    def __init__(self, scene: str, disturbance: Disturbance) -> None:
        self._scene, self._disturbance = scene, disturbance
        self._arm: Arm | None = None
        self._program: Motion | None = None

    def begin(self) -> None:
        """Forget what was being done; the arm is where it is."""
        self._program = None

    def action(self, info: Mapping[str, Any]) -> npt.NDArray[np.float64]:
        """Return the next action ``(7,)`` from ``robot_obs``, ``scene_obs`` and ``task``."""
        robot_obs = np.asarray(info["robot_obs"], dtype=np.float64)
        scene_obs = np.asarray(info["scene_obs"], dtype=np.float64)
        view = SceneView(self._scene, robot_obs, scene_obs)
        if self._arm is None:
            self._arm = Arm(view, float(robot_obs[14]), self._disturbance)
        self._arm.view = view
        if self._program is None:
            self._program = _program(self._arm, str(info["task"]))
        return next(self._program)

    @property
    def intended(self) -> npt.NDArray[np.float64]:
        """The last action ``(7,)`` as it was meant."""
        assert self._arm is not None, "nothing was done yet"
        return self._arm.intended


def _program(arm: Arm, task: str) -> Motion:
    """Yield actions for a task without end."""
    if task not in SKILLS:
        raise PolicyError(f"calvin-oracle is asked for the task {task!r}, which it does not know.")
    yield from as_far_as_possible(withdraw(arm, keep=task in HOLDING))
    while True:
        yield from as_far_as_possible(SKILLS[task](arm))
        yield from arm.wait(4)
        yield from as_far_as_possible(withdraw(arm, keep=task in HOLDING))
