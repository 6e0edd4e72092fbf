"""What is wrong with a file of settings, in lines that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from vla_gym.errors import suggest


def problems(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """Yield a line for each problem: its place, what was expected, and near matches.

    Args:
        error: Of the validation.
        model: What was validated.
    """
    for problem in error.errors(include_url=False):
        place = ".".join(map(str, problem["loc"])) or "file"
        if problem["type"] == "extra_forbidden":
            hint = suggest(str(problem["loc"][-1]), fields_at(model, problem["loc"][:-1]))
            yield f"  {place}: unknown field. {hint}"
        else:
            yield f"  {place}: {problem['msg']} (got {problem['input']!r}).{_near(problem)}"


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
