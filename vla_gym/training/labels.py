"""From a data set's terms to a policy's: the same conversion that an evaluation makes.

A data set is taken for an environment that shows and does what is in it, and ``adapt`` decides as
it does before an evaluation; what cannot be learned (an action in other units or frames) is refused
with the same coded issues.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_gym.contract.adapter import Adapter, adapt
from vla_gym.contract.issues import IncompatibleError, IssueList
from vla_gym.contract.spec import EnvContract, PolicySpec
from vla_gym.datasets.demonstration import DatasetSpec, Demonstration, Floats, Pictures


@dataclass(frozen=True)
class Prepared:
    """An episode of T frames in the policy's terms.

    Attributes:
        images: By role, uint8 ``(T, H, W, 3)``.
        proprioception: ``(T, n)``.
        actions: ``(T, a)``: what is learned.
        disturbed: bool ``(T,)``: something else was executed.
    """

    images: dict[str, Pictures]
    proprioception: Floats
    actions: Floats
    disturbed: npt.NDArray[np.bool_]


class Preparation:
    """Converts the episodes of one data set for one policy.

    Args:
        policy: What it sees and says.
        dataset: What the episodes mean.
        name: Of the data set, for messages.

    Raises:
        IncompatibleError: With all issues, when the policy cannot learn from it.
    """

    def __init__(self, policy: PolicySpec, dataset: DatasetSpec, *, name: str) -> None:
        plain = policy.model_copy(update={"normalization": None, "environments": ()})
        world = EnvContract(
            cameras=dataset.cameras,
            proprioception=dataset.proprioception,
            action=dataset.action,
            base_aligned_with_world=False,
        )
        self._adapter: Adapter = adapt(plain, world, env_id=name)
        self._check_actions(name)

    def __call__(self, episode: Demonstration) -> Prepared:
        """Return an episode in the policy's terms."""
        adapter = self._adapter
        meant = episode.targets
        return Prepared(
            images={
                role: np.stack([convert(picture) for picture in episode.images[role]])
                for role, convert in adapter.images.items()
            },
            proprioception=np.stack(
                [adapter.proprioception(row) for row in episode.proprioception]
            ).astype(np.float32),
            actions=np.concatenate([meant[:, :-1], self._gripper(meant[:, -1:])], axis=1),
            disturbed=episode.disturbed,
        )

    def _gripper(self, values: Floats) -> Floats:
        """Return what the policy would say: the nearer of its two ends."""
        mine, theirs = self._adapter.policy.action.gripper, self._adapter.env.action.gripper
        opens = np.abs(values - theirs.open) < np.abs(values - theirs.closed)
        return np.where(opens, mine.open, mine.closed).astype(np.float32)

    def _check_actions(self, name: str) -> None:
        issues, arm = IssueList(), self._adapter.arm
        for part, way in (("translation", arm.translation), ("rotation", arm.rotation)):
            if way.value != "identity":
                issues.error(
                    f"training_{part}",
                    f"The {part} of data set {name} is in other terms than the policy's "
                    f"(it would be converted by {way.value}).",
                    "train a policy whose action is that of the data set",
                )
        mine, theirs = self._adapter.policy.action.gripper, self._adapter.env.action.gripper
        if mine.mode is not theirs.mode:
            issues.error(
                "training_gripper",
                f"The gripper of data set {name} is {theirs.mode.value}, the policy's "
                f"{mine.mode.value}.",
                "train a policy whose action is that of the data set",
            )
        if issues:
            raise IncompatibleError(issues, subject=f"data set {name}")
