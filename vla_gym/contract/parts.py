"""The parts that an action may have, and what the numbers of each mean.

Of an arm a translation, a rotation, a gripper or joints; a base; a torso.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from vla_gym.contract.terms import UNITS, Frame, Mode, Reference, Rotation
from vla_gym.schema import Record


class PartSpec(Record):
    """One part of an action; what all kinds of parts have.

    Attributes:
        kind: Which kind it is; with ``arm`` it names the part.
        arm: Which arm it belongs to; empty for the only one, and for base and torso.
        low: Least allowed value of each number, or ``None`` where there is no limit.
        high: Greatest allowed value of each number, or ``None``.
    """

    kind: str
    arm: str = ""
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None

    @property
    def size(self) -> int:
        """How many numbers it has."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """``kind``, or ``arm/kind``."""
        return f"{self.arm}/{self.kind}" if self.arm else self.kind

    def number(self, index: int) -> str:
        """Return what a number is, for messages."""
        return self.name if self.size == 1 else f"{self.name}[{index}]"

    @model_serializer(mode="wrap")
    def _with_its_kind(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write the kind whatever is left out: without it a part cannot be read again."""
        return {"kind": self.kind, **write(self)}

    @model_validator(mode="after")
    def _limits_fit(self) -> PartSpec:
        for name, limit in (("low", self.low), ("high", self.high)):
            if limit is not None and len(limit) != self.size:
                raise ValueError(
                    f"{self.name}: {name} has {len(limit)} numbers, the part has {self.size}"
                )
        return self


class TranslationSpec(PartSpec):
    """Translation of an end effector, 3 numbers.

    Attributes:
        mode: ``DELTA`` or ``ABSOLUTE``.
        frame: Axes it is expressed in.
        meters_per_unit: Metres that an action value of 1 stands for.
        reference: What a delta is added to; ``None`` for absolute ones.
    """

    kind: Literal["translation"] = "translation"
    mode: Literal[Mode.DELTA, Mode.ABSOLUTE]
    frame: Frame
    meters_per_unit: float = Field(gt=0)
    reference: Reference | None = None

    @property
    def size(self) -> int:
        """3."""
        return 3

    def number(self, index: int) -> str:
        """Return which axis a number is."""
        return f"{self.name} {'xyz'[index]}"


class RotationSpec(PartSpec):
    """Rotation of an end effector.

    Attributes:
        representation: How it is written down.
        mode: ``DELTA`` or ``ABSOLUTE``.
        frame: Axes it is expressed in.
        radians_per_unit: Scale of Euler angles and axis-angle vectors; 1 for quaternions and 6-D.
        additive: Deltas are added to the Euler angles component by component, instead of being
            composed as rotations.
        reference: What a delta is applied to; ``None`` for absolute ones.
    """

    kind: Literal["rotation"] = "rotation"
    representation: Rotation
    mode: Literal[Mode.DELTA, Mode.ABSOLUTE]
    frame: Frame
    radians_per_unit: float = Field(gt=0)
    additive: bool = False
    reference: Reference | None = None

    @property
    def size(self) -> int:
        """That of the representation."""
        return self.representation.size

    def number(self, index: int) -> str:
        """Return which number of the representation it is."""
        return f"{self.name} {self.representation.value}[{index}]"


class GripperSpec(PartSpec):
    """A gripper, 1 number.

    Attributes:
        open: Value that opens (absolute), or the value of "move towards open" (relative).
        closed: Value that closes.
        mode: ``ABSOLUTE``, or ``DELTA``: values between the ends leave it as it is.
        binary: Only the two end values are allowed.
        threshold: For policies with continuous output and a binary environment: values on the
            open side of this one open. ``None`` where the spec does not binarise.
        sticky_repeat: For relative grippers: steps that a change is repeated (0: none).
        open_after: For policies that binarise: consecutive open decisions until it opens.
    """

    kind: Literal["gripper"] = "gripper"
    open: float
    closed: float
    mode: Literal[Mode.DELTA, Mode.ABSOLUTE]
    binary: bool
    threshold: float | None = None
    sticky_repeat: int = Field(default=0, ge=0)
    open_after: int = Field(default=1, ge=1)

    @property
    def size(self) -> int:
        """1."""
        return 1

    @model_validator(mode="after")
    def _ends_differ(self) -> GripperSpec:
        if self.open == self.closed:
            raise ValueError(f"open and closed are both {self.open}")
        return self


class JointsSpec(PartSpec):
    """Joints of an arm, a hand or a torso, one number each.

    Attributes:
        names: Of the joints, in order; policy and environment are matched by them.
        mode: ``ABSOLUTE`` positions, ``DELTA`` changes, or ``VELOCITY``, per second.
        unit: ``"rad"``, ``"deg"``, ``"m"``, ``"cm"`` or ``"mm"``.
        per_unit: How much of ``unit`` an action value of 1 stands for.
        reference: What a delta or a velocity is added to; ``None`` for absolute ones.
    """

    kind: Literal["joints"] = "joints"
    names: tuple[str, ...] = Field(min_length=1)
    mode: Mode
    unit: str
    per_unit: float = Field(default=1.0, gt=0)
    reference: Reference | None = None

    @property
    def size(self) -> int:
        """One number per joint."""
        return len(self.names)

    def number(self, index: int) -> str:
        """Return which joint a number is."""
        return f"{self.name} {self.names[index]}"

    @model_validator(mode="after")
    def _known(self) -> JointsSpec:
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"joint names repeat: {self.names}")
        if self.unit not in UNITS:
            raise ValueError(f"unit {self.unit!r}, expected one of {', '.join(UNITS)}")
        return self


class BaseSpec(PartSpec):
    """Velocity of a wheeled base in the plane, in its own axes.

    Attributes:
        axes: Which it has, in order: ``"x"`` forwards, ``"y"`` to the left, ``"yaw"`` about z.
        meters_per_second: What 1 stands for along x and y.
        radians_per_second: What 1 stands for about z.
    """

    kind: Literal["base"] = "base"
    axes: tuple[Literal["x", "y", "yaw"], ...] = Field(default=("x", "y", "yaw"), min_length=1)
    meters_per_second: float = Field(default=1.0, gt=0)
    radians_per_second: float = Field(default=1.0, gt=0)

    @property
    def size(self) -> int:
        """One number per axis."""
        return len(self.axes)

    def number(self, index: int) -> str:
        """Return which axis a number is."""
        return f"{self.name} {self.axes[index]}"


class TorsoSpec(PartSpec):
    """Height of a torso that goes up and down, 1 number.

    Attributes:
        mode: ``ABSOLUTE`` height, ``DELTA`` change, or ``VELOCITY``, per second.
        meters_per_unit: Metres (per second) that an action value of 1 stands for.
    """

    kind: Literal["torso"] = "torso"
    mode: Mode
    meters_per_unit: float = Field(gt=0)

    @property
    def size(self) -> int:
        """1."""
        return 1


ActionPart = Annotated[
    TranslationSpec | RotationSpec | GripperSpec | JointsSpec | BaseSpec | TorsoSpec,
    Field(discriminator="kind"),
]
PartT = TypeVar("PartT", bound=PartSpec)
