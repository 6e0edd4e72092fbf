"""What an environment offers and what a policy wants, said in full.

Every quantity that has silently ruined a benchmark score (units, frames, rotation
representation, gripper polarity, thresholds, statistics, execution of chunks) is a field without
a default: whoever writes a spec has to say it. ``vla_gym.contract.adapt`` compares two specs and
builds the conversion, or says why there is none.

An action vector is laid out ``[translation (3), rotation (n), gripper (1)]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Annotated

from pydantic import Field, model_validator

from vla_gym.record import Record


class Rotation(str, Enum):
    """How a rotation is written down.

    Euler angles are extrinsic x-y-z (``R = Rz Ry Rx``). ``ROT6D_COLUMNS`` is the first two columns
    of the matrix one after the other (contiguous), ``ROT6D_ROWS`` the first two columns written
    row by row (interleaved).
    """

    EULER_XYZ = "euler_xyz"
    AXIS_ANGLE = "axis_angle"
    QUAT_XYZW = "quat_xyzw"
    QUAT_WXYZ = "quat_wxyz"
    ROT6D_COLUMNS = "rot6d_columns"
    ROT6D_ROWS = "rot6d_rows"

    @property
    def size(self) -> int:
        """Numbers it takes."""
        return {"quat": 4, "rot6": 6}.get(self.value[:4], 3)


class Mode(str, Enum):
    """Whether a quantity is a target or a change of the target."""

    DELTA = "delta"
    ABSOLUTE = "absolute"


class Frame(str, Enum):
    """The axes a quantity is expressed in."""

    WORLD = "world"
    BASE = "base"
    END_EFFECTOR = "end_effector"


class Reference(str, Enum):
    """What a delta is added to: the previously commanded pose, or the measured one."""

    COMMANDED = "commanded"
    MEASURED = "measured"


class Execution(str, Enum):
    """How an action chunk is executed.

    ``FIRST``: the first action, then the policy is asked again. ``CHUNK``: ``execute`` actions,
    then asked again. ``ENSEMBLE``: asked every step, overlapping predictions of the same step
    averaged (temporal ensembling, Zhao et al. 2023, section IV-B).
    """

    FIRST = "first"
    CHUNK = "chunk"
    ENSEMBLE = "ensemble"


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
            The converters look for the first two by these names.
        size: How many numbers.
        unit: ``"m"``, ``"rad"``, ``"1"`` ...
        frame: Axes, where it has any.
        rotation: Representation, for rotations.
    """

    name: str
    size: int = Field(gt=0)
    unit: str
    frame: Frame | None = None
    rotation: Rotation | None = None

    @model_validator(mode="after")
    def _rotation_size(self) -> ProprioceptionField:
        if self.rotation is not None and self.rotation.size != self.size:
            raise ValueError(f"{self.name}: {self.rotation.value} has {self.rotation.size} numbers")
        return self


class TranslationSpec(Record):
    """Translation part of an action.

    Attributes:
        meters_per_unit: Metres that an action value of 1 stands for.
        reference: What a delta is added to; ``None`` for absolute ones.
    """

    mode: Mode
    frame: Frame
    meters_per_unit: float = Field(gt=0)
    reference: Reference | None = None


class RotationSpec(Record):
    """Rotation part of an action.

    Attributes:
        radians_per_unit: Scale of Euler angles and axis-angle vectors; 1 for quaternions and 6-D.
        additive: Deltas are added to the Euler angles component by component, instead of being
            composed as rotations.
        reference: What a delta is applied to; ``None`` for absolute ones.
    """

    representation: Rotation
    mode: Mode
    frame: Frame
    radians_per_unit: float = Field(gt=0)
    additive: bool = False
    reference: Reference | None = None


class GripperSpec(Record):
    """Gripper part of an action.

    Attributes:
        open: Value that opens (absolute), or the value of "move towards open" (relative).
        closed: Value that closes.
        mode: ``DELTA`` means that values between the ends leave it as it is.
        binary: Only the two end values are allowed.
        threshold: For policies with continuous output and a binary environment: values on the
            open side of this one open. ``None`` where the spec does not binarise.
        sticky_repeat: For relative grippers: steps that a change is repeated (0: none).
        open_after: For policies that binarise: consecutive open decisions until it opens.
    """

    open: float
    closed: float
    mode: Mode
    binary: bool
    threshold: float | None = None
    sticky_repeat: int = Field(default=0, ge=0)
    open_after: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _ends_differ(self) -> GripperSpec:
        if self.open == self.closed:
            raise ValueError(f"open and closed are both {self.open}")
        return self


class ActionSpec(Record):
    """What the numbers of one action mean.

    Attributes:
        low: Least allowed value of each number, or ``None`` where there is no limit.
        high: Greatest allowed value of each number, or ``None``.
        clip: For environments: values beyond the limits are clipped to them; otherwise they are an
            error.
        control_hz: Actions per second.
    """

    translation: TranslationSpec
    rotation: RotationSpec
    gripper: GripperSpec
    control_hz: float = Field(gt=0)
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    clip: bool = False

    @property
    def size(self) -> int:
        """Length of the action vector."""
        return 3 + self.rotation.representation.size + 1

    @model_validator(mode="after")
    def _limits_fit(self) -> ActionSpec:
        for name, limit in (("low", self.low), ("high", self.high)):
            if limit is not None and len(limit) != self.size:
                raise ValueError(f"{name} has {len(limit)} numbers, the action has {self.size}")
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
