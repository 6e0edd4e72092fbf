"""What is wrong with a file or with options, in lines that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from vla_gym.errors import suggest

_LONGEST = 80


def problems(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """Yield a line for each problem: its place, what was expected, and near matches.

    Args:
        error: Of the validation.
        model: What was validated.
    """
    for place, message in described(error, model):
        yield f"  {'.'.join(map(str, place)) or 'file'}: {message}"


def described(
    error: ValidationError, model: type[BaseModel]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield place and message of each problem; the message holds near matches.

    Args:
        error: Of the validation.
        model: What was validated.
    """
    for problem in error.errors(include_url=False):
        place = problem["loc"]
        if problem["type"] == "extra_forbidden":
            yield place, f"unknown field. {suggest(str(place[-1]), fields_at(model, place[:-1]))}"
        elif problem["type"] == "missing":
            yield place, "Field required."
        else:
            yield place, f"{problem['msg']} (got {_shown(problem['input'])}).{_near(problem)}"


def _shown(value: object) -> str:
    """Return a value as Python writes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _near(problem: Mapping[str, Any]) -> str:
    """Return a suggestion where one of several words was expected."""
    if problem["type"] != "literal_error":
        return ""
    words = re.findall("'([^']+)'", problem["ctx"]["expected"])
    return f" {suggest(str(problem['input']), words)}"


def fields_at(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Return the fields that a place may have; an index leads to what a list holds."""
    kind: Any = model
    for part in place:
        if isinstance(part, int):
            continue
        field = getattr(kind, "model_fields", {}).get(part)
        options = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        kind = next((option for option in options if hasattr(option, "model_fields")), None)
    return list(getattr(kind, "model_fields", {}))
