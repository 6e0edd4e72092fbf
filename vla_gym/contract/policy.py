"""What a policy is: a spec, ``reset`` and ``act`` on a batch of slots.

The runner keeps many episodes going at once and asks for the actions of whichever are ready. A
slot is one running episode: whatever a policy remembers (history, hidden state, random generator)
it keeps by ``slot.id``, so that neither the batch, nor its order, nor the number of slots
ever changes an action. ``check_policy`` tests exactly that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from vla_gym.contract.spec import PolicySpec

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Slot:
    """One running episode; a policy keeps what it remembers by ``slot.id``.

    Attributes:
        id: Key of the episode among those that run at present.
        seed: Seed of this reset, a function of episode and sub-task alone.
        episode: Index of the episode in its suite.
        subtask: Index of the sub-task that begins.
        environment: Gymnasium id of the environment.
        env_kwargs: Its keyword arguments.
    """

    id: int
    seed: int = 0
    episode: int = 0
    subtask: int = 0
    environment: str = ""
    env_kwargs: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class PolicyInput:
    """One observation in the policy's own terms.

    Attributes:
        images: By camera role, uint8 ``(H, W, 3)`` at the policy's size.
        proprioception: float32 ``(n,)``, the policy's fields.
        instruction: What is to be done.
        info: The privileged names that the policy declared.
    """

    images: Mapping[str, npt.NDArray[np.uint8]]
    proprioception: npt.NDArray[np.float32]
    instruction: str
    info: Mapping[str, Any]


@dataclass(frozen=True)
class Batch:
    """Observations of the slots that are ready, B of them, already in the policy's own terms.

    Attributes:
        slots: Whose observations these are, length B.
        images: By camera role, uint8 ``(B, H, W, 3)`` at the size that the policy declared.
        proprioception: float32 ``(B, n)``, the fields that the policy declared.
        instructions: B sentences.
        infos: B mappings with the privileged names that the policy declared, and ``"task"``, the
            name of the current sub-task, where it declared ``"task"``.
    """

    slots: Sequence[Slot]
    images: Mapping[str, npt.NDArray[np.uint8]]
    proprioception: npt.NDArray[np.float32]
    instructions: Sequence[str]
    infos: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def __len__(self) -> int:
        """Return B."""
        return len(self.slots)

    @classmethod
    def of(cls, slots: Sequence[Slot], seen: Sequence[PolicyInput]) -> Batch:
        """Return the observations of several slots as one batch; pictures are copied."""
        return cls(
            slots=tuple(slots),
            images={role: np.stack([one.images[role] for one in seen]) for role in seen[0].images},
            proprioception=np.stack([one.proprioception for one in seen]),
            instructions=tuple(one.instruction for one in seen),
            infos=tuple(one.info for one in seen),
        )


@dataclass(frozen=True)
class Chunk:
    """Actions, and what is to be learned from them; of a batch ``(B, chunk, a)`` or of one slot.

    A policy that has nothing to say about learning returns its actions as an array.

    Attributes:
        actions: What is executed, float ``(..., chunk, a)``.
        intended: Of the same shape: what should be learned, where the actions were disturbed on
            purpose (DART; Laskey et al. 2017). ``None``: the actions.
        demonstrates: Bool ``(..., chunk)``: which actions show what should be learned, where
            somebody else (a policy that is stuck) did the others. ``None``: all.
    """

    actions: Floats
    intended: Floats | None = None
    demonstrates: npt.NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, answer: Floats | Chunk) -> Chunk:
        """Return what ``act`` returned as a chunk."""
        return answer if isinstance(answer, Chunk) else cls(answer)

    def __getitem__(self, key: int | slice) -> Chunk:
        """Return the chunk of one row of a batch, or some actions of one slot's chunk."""
        return Chunk(
            self.actions[key],
            None if self.intended is None else self.intended[key],
            None if self.demonstrates is None else self.demonstrates[key],
        )


@runtime_checkable
class Policy(Protocol):
    """A robot policy.

    A policy may also have ``close()``, called once when the run ends, and ``fingerprint``, a digest
    (str) of what it has loaded, such as its weights: a run with others is another run.
    """

    @property
    def spec(self) -> PolicySpec:
        """What it looks at and what its actions mean."""
        ...

    def reset(self, slots: Sequence[Slot]) -> None:
        """Forget what is remembered of these slots: a sub-task (or an episode) begins there."""
        ...

    def act(self, batch: Batch) -> Floats | Chunk:
        """Return action chunks ``(B, chunk, action_size)`` for a batch of observations."""
        ...
