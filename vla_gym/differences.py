"""In which fields two nested records differ: one answer for resuming and for comparing runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flat(value: Any) -> dict[str, Any]:
    """Return the leaves of nested mappings and lists by their dotted names.

    An empty mapping has no leaves; an empty list is one.
    """
    return dict(_leaves(value, ""))


def differing(first: Any, second: Any) -> list[tuple[str, Any, Any]]:
    """Return name and both values of each leaf that differs (``None`` where it is absent)."""
    left, right = flat(first), flat(second)
    return [
        (key, left.get(key), right.get(key))
        for key in sorted(left.keys() | right.keys())
        if left.get(key) != right.get(key)
    ]


def _leaves(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    items: list[tuple[Any, Any]]
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, (list, tuple)) and value:
        items = list(enumerate(value))
    else:
        yield prefix, value
        return
    for key, item in items:
        yield from _leaves(item, f"{prefix}.{key}" if prefix else str(key))
