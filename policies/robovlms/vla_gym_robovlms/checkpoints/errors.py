"""What can be wrong with a checkpoint, said key by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vla_gym.errors import OptionError

Shapes = Mapping[str, tuple[int, ...]]


class CheckpointError(OptionError):
    """A checkpoint that cannot be read, or does not fit the model."""


@dataclass(frozen=True)
class KeyReport:
    """How the keys of a file and of a model compare.

    Attributes:
        matched: Keys that agree in name and shape.
        missing: Of the model, absent from the file.
        extra: Of the file, unknown to the model.
        misshaped: Both have it, in different shapes.
        ignored: Of the file, known to mean nothing.
    """

    matched: Sequence[str]
    missing: Sequence[str]
    extra: Sequence[str]
    misshaped: Sequence[str]
    ignored: Sequence[str] = field(default_factory=tuple)

    @property
    def fits(self) -> bool:
        """Whether every key of either side has its partner."""
        return not (self.missing or self.extra or self.misshaped)

    def lines(self, *, most: int = 8) -> list[str]:
        """Return the report, long lists cut."""
        lines = [f"{len(self.matched)} keys match"]
        for name in ("missing", "extra", "misshaped", "ignored"):
            keys = getattr(self, name)
            if keys:
                more = f", ... ({len(keys)} in all)" if len(keys) > most else ""
                lines.append(f"{len(keys)} {name}: {', '.join(keys[:most])}{more}")
        return lines


def compare_keys(found: Shapes, wanted: Shapes, *, ignored: Sequence[str] = ()) -> KeyReport:
    """Return how the shapes in a file compare with those of a model."""
    both = sorted(set(found) & set(wanted))
    return KeyReport(
        matched=[key for key in both if found[key] == wanted[key]],
        missing=sorted(set(wanted) - set(found)),
        extra=sorted(set(found) - set(wanted)),
        misshaped=[
            f"{key} {found[key]} (model {wanted[key]})" for key in both if found[key] != wanted[key]
        ],
        ignored=ignored,
    )


def first_line(error: Exception) -> str:
    """Return the kind of an error and the first line of what it says."""
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
