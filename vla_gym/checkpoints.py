"""Model files: who can read one, what is in it, and how it becomes a checkpoint that evaluates.

The core knows no format. Plugins bring them; the first that recognises a file does the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from vla_gym.errors import OptionError
from vla_gym.plugins import CheckpointEntry
from vla_gym.registry import format_of, registry


class CheckpointFormat(Protocol):
    """What a plugin offers for its files; a module with these functions will do."""

    def recognises(self, path: Path) -> bool:
        """Whether a file or folder looks like one of its own; must be cheap."""
        ...

    def inspect(self, path: Path, options: Mapping[str, Any]) -> Sequence[str]:
        """Return lines that say what is in it and what of it fits."""
        ...

    def convert(self, path: Path, out: Path, options: Mapping[str, Any]) -> Sequence[str]:
        """Write a checkpoint that evaluates to a new folder; return lines on what was done."""
        ...


def checkpoint_format(path: Path) -> CheckpointFormat:
    """Return the format of a file or folder.

    Raises:
        OptionError: When it is not there, or nobody reads it.
    """
    if not path.exists():
        raise OptionError(f"Checkpoint {path} does not exist.")
    if (found := format_of(CheckpointEntry, path)) is not None:
        reader: CheckpointFormat = found[1]
        return reader
    known = ", ".join(registry().names(CheckpointEntry)) or "none is registered"
    raise OptionError(f"No format reads {path} (formats: {known}).")
