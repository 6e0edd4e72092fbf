"""What somebody else's code says of itself, as values that JSON holds and a pipe carries."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_gym.error_text import clean

_DEEPEST = 20


def plain(value: Any, *, depth: int = 0) -> Any:
    """Return a value with everything that JSON does not know as text.

    Args:
        value: Anything.
        depth: How deep inside of the whole it is; what is too deep becomes text.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, (np.generic, np.ndarray)):
        return plain(value.tolist(), depth=depth)
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {clean(str(key)): plain(item, depth=depth + 1) for key, item in value.items()}
    if depth < _DEEPEST and isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth=depth + 1) for item in value]
    return clean(repr(value))


def description(said: Any) -> dict[str, Any]:
    """Return what ``describe()`` returned as a mapping, whatever it was."""
    found = plain(said)
    return found if isinstance(found, dict) else {"description": found}
