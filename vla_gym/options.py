"""What a user may set, as pydantic models: which fields say what runs, and which only how.

The options of a policy belong to the identity of a run, because another width or another checkpoint
is another policy. A device or a batch size inside the model is not: the run goes on elsewhere. A
model of options marks such a field, and nobody has to know its name::

    class Options(Record):
        layers: int = 4
        device: Annotated[str, RuntimeOption()] = "auto"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vla_gym.errors import OptionError, suggest

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class RuntimeOption:
    """Marks a field (``Annotated[T, RuntimeOption()]``) that says how something is run.

    It is recorded with a run and never compared when the run is resumed.
    """


def validated(model: type[Model], given: Mapping[str, Any], *, where: str) -> Model:
    """Return options as their model.

    Args:
        model: What may be set.
        given: What is.
        where: Whose options they are, for messages, such as ``"run"``.

    Raises:
        OptionError: Naming each value that is not acceptable, and near matches of unknown names.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise OptionError("\n".join(_problems(error, model, where))) from error


def _problems(error: ValidationError, model: type[BaseModel], where: str) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        name = ".".join(map(str, problem["loc"]))
        value = f"{name}={problem['input']!r}"
        if problem["type"] == "extra_forbidden":
            yield f"The {where} has no option {name!r}. {suggest(name, model.model_fields)}"
        elif problem["type"] == "literal_error":
            words = re.findall("'([^']+)'", problem["ctx"]["expected"])
            near = suggest(str(problem["input"]), words)
            yield f"{value}, expected one of {', '.join(words)}. {near}"
        else:
            yield f"{value}, {_expected(problem)}."


def _expected(problem: Mapping[str, Any]) -> str:
    """Return what was expected, in few words."""
    if problem["type"] == "greater_than_equal":
        return f"expected a number from {problem['ctx']['ge']:g}"
    if problem["type"] == "greater_than":
        return f"expected a number above {problem['ctx']['gt']:g}"
    text: str = problem["msg"]
    return text.removeprefix("Value error, ").replace("Input should be", "expected")


def identity_options(model: type[BaseModel] | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without those that ``model`` marks as ``RuntimeOption``.

    Args:
        model: The options an entry takes; ``None`` marks nothing.
        options: Those that were given, nested ones as mappings.
    """
    if model is None:
        return dict(options)
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
