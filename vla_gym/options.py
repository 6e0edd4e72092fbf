"""What a user may set, as pydantic models: which fields say what runs, and which only how.

The options of a policy belong to the identity of a run, because another width or another checkpoint
is another policy. A device or a batch size inside the model is not: the run goes on elsewhere. A
model of options marks such a field, and nobody has to know its name::

    class Options(Record):
        layers: int = 4
        device: Annotated[str, RuntimeOption()] = "auto"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True)
class RuntimeOption:
    """Marks a field (``Annotated[T, RuntimeOption()]``) that says how something is run.

    It is recorded with a run and never compared when the run is resumed.
    """


def identity_options(model: type[BaseModel], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without those that ``model`` marks as ``RuntimeOption``.

    Args:
        model: The options an entry takes.
        options: Those that were given, nested ones as mappings.
    """
    kept: dict[str, Any] = {}
    for name, value in options.items():
        field = model.model_fields.get(name)
        if field is not None and any(isinstance(mark, RuntimeOption) for mark in field.metadata):
            continue
        inner = None if field is None else _model(field.annotation)
        nested = inner is not None and isinstance(value, Mapping)
        kept[name] = identity_options(inner, value) if inner and nested else value
    return kept


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field holds, ``None`` beside it or not."""
    for kind in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
