"""The words that specs are written in: representations, modes, frames, references, units."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import pi


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
    """Whether a quantity is a target, a change of the target, or a change of it per second."""

    DELTA = "delta"
    ABSOLUTE = "absolute"
    VELOCITY = "velocity"


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


UNITS: Mapping[str, tuple[str, float]] = {
    "m": ("length", 1.0),
    "cm": ("length", 1e-2),
    "mm": ("length", 1e-3),
    "rad": ("angle", 1.0),
    "deg": ("angle", pi / 180),
}
"""Kind and size of the units that are converted."""


def unit_ratio(source: str, target: str) -> float | None:
    """Return how many of ``target`` one of ``source`` is, ``None`` where they do not compare."""
    if source == target:
        return 1.0
    first, second = UNITS.get(source), UNITS.get(target)
    if first is None or second is None or first[0] != second[0]:
        return None
    return first[1] / second[1]
