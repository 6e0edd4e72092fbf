"""What was seen, what was done and what for: the record that every format is read into.

The meaning of the numbers is declared once for a data set with the same specs that environments
and policies use, so that training and evaluation can be compared before either begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import Field

from vla_gym.contract.spec import ActionSpec, CameraSpec, EnvContract, ProprioceptionField
from vla_gym.errors import DatasetError
from vla_gym.schema import Record

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class DatasetSpec(Record):
    """What the numbers and pictures of all episodes mean.

    Attributes:
        cameras: By role, at the size they are stored in.
        proprioception: Fields of the vector, in order.
        action: What an action is; one is stored for every frame.
        fps: Frames per second.
        base_aligned_with_world: As in ``EnvContract``.
        base_pose: As in ``EnvContract``.
    """

    cameras: Mapping[str, CameraSpec]
    proprioception: tuple[ProprioceptionField, ...]
    action: ActionSpec
    fps: float = Field(gt=0)
    base_aligned_with_world: bool
    base_pose: tuple[float, float, float, float, float, float, float] | None = None

    @classmethod
    def of(cls, contract: EnvContract) -> DatasetSpec:
        """Return the spec of what is recorded in an environment, one frame per action."""
        return cls(
            cameras=contract.cameras,
            proprioception=contract.proprioception,
            action=contract.action,
            fps=contract.action.control_hz,
            base_aligned_with_world=contract.base_aligned_with_world,
            base_pose=contract.base_pose,
        )

    @property
    def contract(self) -> EnvContract:
        """The environment that these episodes could have been recorded in."""
        return EnvContract(
            cameras=self.cameras,
            proprioception=self.proprioception,
            action=self.action,
            base_aligned_with_world=self.base_aligned_with_world,
            base_pose=self.base_pose,
        )

    @property
    def proprioception_size(self) -> int:
        """Length of the proprioception vector."""
        return sum(part.size for part in self.proprioception)


@dataclass(frozen=True)
class Demonstration:
    """One episode of T frames with one instruction.

    Attributes:
        images: By camera role, uint8 ``(T, H, W, 3)``; empty where only numbers were asked for.
        proprioception: ``(T, n)``, measured before the action of the same frame.
        actions: ``(T, a)``, what was executed.
        instruction: What was asked for.
        task: Name of the task, where there is one.
        success: Whether it was fulfilled, where that is known.
        labels: ``(T, a)``: what should have been done, where the executed actions were disturbed on
            purpose (DART; Laskey et al. 2017); a policy learns these.
        source: Where it comes from, for the record.
    """

    images: Mapping[str, Pictures]
    proprioception: Floats
    actions: Floats
    instruction: str
    task: str = ""
    success: bool | None = None
    labels: Floats | None = None
    source: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return T."""
        return len(self.actions)

    @property
    def disturbed(self) -> npt.NDArray[np.bool_]:
        """Bool ``(T,)``: something else was executed than what is learned."""
        changed: npt.NDArray[np.bool_] = np.any(self.targets != self.actions, axis=1)
        return changed

    @property
    def targets(self) -> Floats:
        """What a policy learns: ``labels`` where there are any, else ``actions``."""
        return self.actions if self.labels is None else self.labels


@dataclass(frozen=True)
class Footage:
    """What was there before T chosen steps of an episode.

    Attributes:
        steps: int64 ``(T,)``: numbers of the steps.
        images: By camera role, uint8 ``(T, H, W, 3)``; empty for no steps.
        proprioception: ``(T, n)``.
        info: What else was asked for, by its name in ``info``, ``(T, ...)``.
        env_kwargs: What the environment was made with, where the suite says so.
    """

    steps: npt.NDArray[np.int64]
    images: Mapping[str, Pictures]
    proprioception: Floats
    info: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)


class Dataset(Protocol):
    """Episodes of one spec.

    One whose options choose what of a folder is read (columns, a split) also has ``chosen``, a
    mapping that says so: decoded frames are kept under it.
    """

    @property
    def spec(self) -> DatasetSpec:
        """What its numbers and pictures mean."""
        ...

    @property
    def lengths(self) -> Sequence[int]:
        """Frames of every episode, known without reading them."""
        ...

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        """Return an episode; without its pictures where only numbers are wanted.

        Raises:
            DatasetError: When the files are damaged; the message names file and frame.
        """
        ...


def check_demonstration(demonstration: Demonstration, spec: DatasetSpec, *, where: str) -> None:
    """Refuse an episode that is not what the spec says.

    Args:
        demonstration: The episode; pictures are checked if it has any.
        spec: Of its data set.
        where: Named in messages, such as ``"episode 3"``.

    Raises:
        DatasetError: Names what is wrong, where and in which frame.
    """
    if not len(demonstration):
        raise DatasetError(f"{where} has no frames.")
    _check_numbers("actions", demonstration.actions, spec.action.size, demonstration, where)
    size = spec.proprioception_size
    _check_numbers("proprioception", demonstration.proprioception, size, demonstration, where)
    if demonstration.labels is not None:
        _check_numbers("labels", demonstration.labels, spec.action.size, demonstration, where)
    for role, pictures in demonstration.images.items():
        camera = spec.cameras.get(role)
        if camera is None:
            raise DatasetError(f"{where}: camera {role!r} is not one of {sorted(spec.cameras)}.")
        expected = (len(demonstration), camera.height, camera.width, 3)
        if pictures.shape != expected or pictures.dtype != np.uint8:
            raise DatasetError(
                f"{where}: pictures of {role!r} are {pictures.dtype} {pictures.shape}, "
                f"expected uint8 {expected}."
            )


def _check_numbers(
    name: str, values: Floats, size: int, demonstration: Demonstration, where: str
) -> None:
    expected = (len(demonstration), size)
    if values.shape != expected:
        raise DatasetError(f"{where}: {name} are {values.shape}, expected {expected}.")
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise DatasetError(
            f"{where}: {name} of frame {bad[0]} are {values[bad[0]].tolist()}, expected finite "
            f"numbers ({len(bad)} such frames). Leave the episode out or record it again."
        )
