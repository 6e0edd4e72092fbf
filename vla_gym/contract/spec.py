"""What an environment offers and what a policy wants, said in full.

Every quantity that has silently ruined a benchmark score (units, frames, rotation
representation, gripper polarity, thresholds, statistics, execution of chunks) is a field without
a default: whoever writes a spec has to say it. ``vla_gym.contract.adapt`` compares two specs and
builds the conversion, or says why there is none.

An action is in ``action_spec``, its parts in ``parts``, the words in ``terms``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Annotated

from pydantic import Field, model_validator

from vla_gym.contract.action_spec import ActionSpec
from vla_gym.contract.parts import (
    ActionPart,
    BaseSpec,
    GripperSpec,
    JointsSpec,
    PartSpec,
    RotationSpec,
    TorsoSpec,
    TranslationSpec,
)
from vla_gym.contract.terms import Execution, Frame, Mode, Reference, Rotation
from vla_gym.schema import Record

__all__ = [
    "ActionPart",
    "ActionSpec",
    "BaseSpec",
    "CameraSpec",
    "EnvContract",
    "Execution",
    "Frame",
    "GripperSpec",
    "JointsSpec",
    "Mode",
    "NormalizationKind",
    "NormalizationSpec",
    "PartSpec",
    "PolicySpec",
    "ProprioceptionField",
    "Reference",
    "Rotation",
    "RotationSpec",
    "TorsoSpec",
    "TranslationSpec",
]


class CameraSpec(Record):
    """A camera image: uint8 ``(height, width, 3)`` RGB.

    Attributes:
        resize: For policies: the filter that brings the environment's picture to this size
            (``"bilinear"``, ``"bicubic"``, ``"area"``, ``"lanczos"``, ``"nearest"``); environments
            leave it ``None``.
        center_crop: For policies: share of each side kept before resizing, 1 keeps all.
        pad: For policies: keep the aspect ratio and fill up with black, instead of stretching.
    """

    height: int = Field(gt=0)
    width: int = Field(gt=0)
    resize: str | None = None
    center_crop: float = Field(default=1.0, gt=0, le=1)
    pad: bool = False


class ProprioceptionField(Record):
    """A named stretch of the proprioception vector.

    Attributes:
        name: ``"ee_position"``, ``"ee_rotation"``, ``"gripper_width"``, ``"joint_positions"`` ...
            The converters look for the first two and the last by these names.
        size: How many numbers.
        unit: ``"m"``, ``"rad"``, ``"1"`` ...
        frame: Axes, where it has any.
        rotation: Representation, for rotations.
        arm: Which arm it belongs to; empty for the only one.
        names: Of its numbers, for joints; conversions of joints match them.
    """

    name: str
    size: int = Field(gt=0)
    unit: str
    frame: Frame | None = None
    rotation: Rotation | None = None
    arm: str = ""
    names: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """``name``, or ``arm/name``: what tells it from the other fields."""
        return f"{self.arm}/{self.name}" if self.arm else self.name

    @model_validator(mode="after")
    def _rotation_size(self) -> ProprioceptionField:
        if self.rotation is not None and self.rotation.size != self.size:
            raise ValueError(f"{self.name}: {self.rotation.value} has {self.rotation.size} numbers")
        if self.names and len(self.names) != self.size:
            raise ValueError(f"{self.name}: {len(self.names)} names of {self.size} numbers")
        return self


class NormalizationKind(str, Enum):
    """How a policy's outputs in [-1, 1] (or z-scores) map to action units."""

    MIN_MAX = "min_max"
    QUANTILE = "q01_q99"
    MEAN_STD = "mean_std"


class NormalizationSpec(Record):
    """Statistics that turn normalised values into real ones.

    ``MIN_MAX``/``QUANTILE``: ``low`` and ``high`` are the values of -1 and 1. ``MEAN_STD``: ``low``
    is the mean and ``high`` the standard deviation. ``mask`` false leaves a number as it is.
    """

    kind: NormalizationKind
    low: tuple[float, ...]
    high: tuple[float, ...]
    mask: tuple[bool, ...] | None = None
    clip: bool = False

    @model_validator(mode="after")
    def _same_length(self) -> NormalizationSpec:
        lengths = {len(self.low), len(self.high), len(self.mask or self.low)}
        if len(lengths) != 1:
            raise ValueError("low, high and mask differ in length")
        return self


class EnvContract(Record):
    """What an environment offers.

    Attributes:
        cameras: By role (``"static"``, ``"wrist"``, ...).
        proprioception: Fields of the vector, in order.
        privileged: Names of what ``info`` holds of the simulator's state (for scripted experts).
        base_aligned_with_world: ``BASE`` and ``WORLD`` axes are parallel, so deltas are equal.
        base_pose: Pose of the base in the world, where it is constant: position (m) and quaternion
            (xyzw). Absolute quantities change between ``BASE`` and ``WORLD`` only with it.
    """

    cameras: Mapping[str, CameraSpec]
    proprioception: tuple[ProprioceptionField, ...]
    action: ActionSpec
    privileged: tuple[str, ...] = ()
    base_aligned_with_world: bool
    base_pose: tuple[float, float, float, float, float, float, float] | None = None

    @property
    def proprioception_size(self) -> int:
        """Length of the proprioception vector."""
        return sum(field.size for field in self.proprioception)


class PolicySpec(Record):
    """What a policy wants and gives.

    Attributes:
        cameras: What it looks at, at the size it wants; may be empty.
        proprioception: Fields it reads, in its order and representation; may be empty.
        action: What its actions mean after un-normalising.
        chunk: Actions returned per call.
        execution: What is done with them.
        execute: Actions executed per call with ``CHUNK`` (all of them if ``None``).
        ensemble_decay: With ``ENSEMBLE``: m of the weights ``exp(-m i)``, ``i = 0`` for the oldest.
        history: Observations it remembers (its own affair; said for the record).
        normalization: Statistics of its outputs; ``None`` if they are in action units already.
        privileged: Names in ``info`` that it reads; only scripted experts do.
        environments: Ids it is bound to (a scripted expert); empty means any.
    """

    cameras: Mapping[str, CameraSpec]
    proprioception: tuple[ProprioceptionField, ...]
    action: ActionSpec
    chunk: int = Field(default=1, gt=0)
    execution: Execution = Execution.FIRST
    execute: Annotated[int, Field(gt=0)] | None = None
    ensemble_decay: float | None = None
    history: int = Field(default=1, gt=0)
    normalization: NormalizationSpec | None = None
    privileged: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

    @property
    def actions_per_call(self) -> int:
        """Actions executed between two calls of ``act``."""
        if self.execution is not Execution.CHUNK:
            return 1
        return self.execute or self.chunk

    @model_validator(mode="after")
    def _executable(self) -> PolicySpec:
        if self.execute is not None and self.execute > self.chunk:
            raise ValueError(f"execute={self.execute} of a chunk of {self.chunk}")
        return self
