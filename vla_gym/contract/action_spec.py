"""What the numbers of one action mean, part by part, for any robot.

An action is a vector of named parts. A robot has the parts that it has, in the order that it takes
them in, and everybody finds them by the spec (``find``, ``slices``), never by counting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from vla_gym.contract.parts import ActionPart, PartSpec, PartT, RotationSpec, TranslationSpec
from vla_gym.schema import Record


class ActionSpec(Record):
    """What the numbers of one action mean.

    Attributes:
        parts: In the order of the vector; each kind once per arm.
        control_hz: Actions per second.
        clip: For environments: values beyond the limits of the parts are clipped to them;
            otherwise they are an error.
    """

    parts: tuple[ActionPart, ...] = Field(min_length=1)
    control_hz: float = Field(gt=0)
    clip: bool = False

    @property
    def size(self) -> int:
        """Length of the action vector."""
        return sum(part.size for part in self.parts)

    @property
    def slices(self) -> dict[str, slice]:
        """Where each part lies, by name."""
        ends = np.cumsum([part.size for part in self.parts]).tolist()
        return {
            part.name: slice(end - part.size, end)
            for part, end in zip(self.parts, ends, strict=True)
        }

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms that have a translation or a rotation, in order."""
        kinds = (TranslationSpec, RotationSpec)
        return tuple(dict.fromkeys(part.arm for part in self.parts if isinstance(part, kinds)))

    @property
    def limited(self) -> bool:
        """Whether any number has a limit."""
        return any(part.low is not None or part.high is not None for part in self.parts)

    @property
    def low(self) -> tuple[float, ...]:
        """Least allowed value of each number; minus infinity where there is no limit."""
        return self._ends("low", -np.inf)

    @property
    def high(self) -> tuple[float, ...]:
        """Greatest allowed value of each number; infinity where there is no limit."""
        return self._ends("high", np.inf)

    def find(self, kind: type[PartT], arm: str = "") -> PartT | None:
        """Return the part of a kind and an arm, ``None`` if there is none."""
        return next((part for part in self.of(kind) if part.arm == arm), None)

    def of(self, kind: type[PartT]) -> tuple[PartT, ...]:
        """Return all parts of a kind, in order."""
        return tuple(part for part in self.parts if isinstance(part, kind))

    def place(self, kind: type[PartSpec], arm: str = "") -> slice:
        """Return where the part of a kind and an arm lies.

        Raises:
            KeyError: When there is none.
        """
        part = self.find(kind, arm)
        if part is None:
            known = ", ".join(self.slices)
            raise KeyError(f"no {kind.__name__} of arm {arm!r} among {known}")
        return self.slices[part.name]

    def number(self, index: int) -> str:
        """Return what a number of the vector is, for messages."""
        for part in self.parts:
            place = self.slices[part.name]
            if place.start <= index < place.stop:
                return part.number(index - place.start)
        raise IndexError(f"number {index} of an action of {self.size}")

    def replaced(self, **parts: PartSpec | Mapping[str, Any]) -> ActionSpec:
        """Return a spec with other parts: by kind a new part, or fields of the one there is.

        For robots with one arm; the order of the parts stays.
        """
        changed = [self._changed(part, parts.get(part.kind)) for part in self.parts]
        return self.model_copy(update={"parts": tuple(changed)})

    @staticmethod
    def _changed(part: PartSpec, change: PartSpec | Mapping[str, Any] | None) -> PartSpec:
        if isinstance(change, Mapping):
            return type(part).model_validate({**part.model_dump(), **change})
        return part if change is None else change

    def _ends(self, name: str, default: float) -> tuple[float, ...]:
        return tuple(
            value for part in self.parts for value in getattr(part, name) or (default,) * part.size
        )

    @model_validator(mode="after")
    def _parts_differ(self) -> ActionSpec:
        names = [part.name for part in self.parts]
        if len(set(names)) != len(names):
            raise ValueError(f"parts repeat: {', '.join(names)}; name the arms they belong to")
        return self
