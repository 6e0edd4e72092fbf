"""YAML files, read in one place: a mapping whose parts know the line they were written on.

Suites, policies, trainings and matrices are YAML files that people write, so a mistake in one is
answered with its place (``FILE, line 12: steps: ...``) and near matches, whatever the file is for.
Files also come from strangers: one that PyYAML chokes on, whose aliases unfold to gigabytes, or
that refers to itself is refused before anything walks through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from vla_gym.errors import OptionError, VlaGymError
from vla_gym.validation import described

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

MOST_VALUES: Final = 1_000_000
"""Values that a file may hold once its aliases are unfolded, unless it writes them all out."""
DEEPEST: Final = 64
"""Levels of lists and mappings inside each other."""
_SHOWN = 5
_LARGEST = 1024
"""Bits of a whole number: what is larger is no float either, and cannot always be printed."""


class _RefusedError(ValueError):
    """A text that is no YAML, or more than is reasonable.

    Attributes:
        line: Where, from 1; ``None`` where nobody knows.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Document:
    """A YAML file as values and lines.

    Attributes:
        path: The file.
        data: Its mapping.
        lines: Line (from 1) of everything in it, by the keys and indices that lead there.
        error_type: Of the errors about it.
        changes: What was set over the file and is in ``data`` already; it has no line.
    """

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[Place, int]
    error_type: type[VlaGymError] = OptionError
    changes: Mapping[str, Any] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the innermost thing around it that was written."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return 1

    def error(self, place: Place, message: str) -> VlaGymError:
        """Return an error that names file and line."""
        return self.error_type(f"{self._where(place)}: {message}")

    def explain(
        self, error: ValidationError, model: type[BaseModel], root: Place = ()
    ) -> VlaGymError:
        """Return the first few problems of a validation, each with its line and near matches.

        Args:
            error: Of the validation.
            model: What was validated.
            root: The place in the file that was validated; all of it if empty.
        """
        problems = [((*root, *place), message) for place, message in described(error, model)]
        lines = [
            f"{self._where(place)}: {'.'.join(map(str, place)) or 'the file'}: {message}"
            for place, message in problems[:_SHOWN]
        ]
        more = [f"... and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        return self.error_type("\n".join(lines + more))

    def validated(self, model: type[Model]) -> Model:
        """Return the file as a model.

        Raises:
            VlaGymError: Of ``error_type``, as ``explain`` puts it.
        """
        try:
            return model.model_validate(dict(self.data))
        except ValidationError as error:
            raise self.explain(error, model) from error

    def _where(self, place: Place) -> str:
        changed: Any = self.changes
        for key in place:
            if not isinstance(changed, Mapping) or key not in changed:
                return f"{self.path}, line {self.line(place)}"
            changed = changed[key]
        return f"{self.path}, as changed" if place else f"{self.path}, line {self.line(place)}"


def read_yaml(path: Path, error_type: type[VlaGymError] = OptionError) -> Document:
    """Read a YAML file that holds a mapping.

    Args:
        path: The file.
        error_type: Raised, here and by the document, when something is wrong with it.

    Raises:
        VlaGymError: Of ``error_type``: it cannot be read, is no YAML, holds something else than a
            mapping, or unfolds to more than is reasonable.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise error_type(f"{path} cannot be read: {error}") from error
    try:
        data, lines = _parsed(text)
    except _RefusedError as error:
        place = str(path) if error.line is None else f"{path}, line {error.line}"
        raise error_type(f"{place}: not valid YAML: {error}") from error
    if not isinstance(data, dict):
        raise error_type(f"{path} is {type(data).__name__}, expected a mapping.")
    if odd := [key for key in data if not isinstance(key, str)]:
        raise error_type(f"{path}: the key {odd[0]!r} is no text; write it in quotes.")
    return Document(path, data, lines, error_type)


def yaml_value(text: str) -> Any:
    """Return the value that a text stands for in YAML.

    Raises:
        ValueError: When it is not YAML, or more than is reasonable.
    """
    return _parsed(text)[0]


def _parsed(text: str) -> tuple[Any, dict[Place, int]]:
    """Return what a text says, and the lines of everything in it."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None, {}
        _Size().check(node)
        lines = dict(_lines(node, ()))  # before merge keys are resolved in place
        return loader.construct_document(node), lines
    except _RefusedError:
        raise
    except RecursionError as error:
        raise _RefusedError("it is nested too deeply") from error
    except yaml.MarkedYAMLError as error:
        said = " ".join(filter(None, (error.context, error.problem)))
        mark = error.problem_mark or error.context_mark
        raise _RefusedError(said, mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        raise _RefusedError(str(error)) from error


class _Loader(yaml.SafeLoader):
    """Says where a value is that PyYAML chokes on, such as a date in month 13 or ``!!int x``."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node."""
        try:
            found = super().construct_object(node, deep)
            if isinstance(found, int) and found.bit_length() > _LARGEST:
                raise ValueError(f"a number of {found.bit_length()} bits")
            if isinstance(found, (bytes, set, date)):
                raise ValueError("no text, number, list or mapping; write a text in quotes")
            return found
        except (yaml.YAMLError, _RefusedError, RecursionError):
            raise
        except Exception as error:  # it has no list of what it raises
            tag = node.tag.removeprefix("tag:yaml.org,2002:")
            raise _RefusedError(f"{error} (read as {tag})", node.start_mark.line + 1) from error


class _Size:
    """Counts what a file unfolds to; every node is looked at once, however often it is named."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def check(self, root: yaml.Node) -> None:
        """Refuse a file that unfolds to more than it may."""
        values, depth = self._of(root)
        if depth > DEEPEST:
            raise _RefusedError(f"it is nested {depth} levels deep, expected at most {DEEPEST}")
        if values > max(MOST_VALUES, len(self._known)):
            raise _RefusedError(
                f"its aliases unfold to {values} values, expected at most {MOST_VALUES}"
            )

    def _of(self, node: yaml.Node) -> tuple[int, int]:
        """Return how many values a node holds, itself included, and its levels."""
        if id(node) in self._open:
            raise _RefusedError("an alias refers to itself", node.start_mark.line + 1)
        if id(node) not in self._known:
            self._open.add(id(node))
            sizes = [self._of(child) for child in _children(node)]
            self._open.discard(id(node))
            depth = 1 + max((depth for _, depth in sizes), default=0)
            self._known[id(node)] = 1 + sum(values for values, _ in sizes), depth
        return self._known[id(node)]


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value


def _lines(node: yaml.Node | None, place: Place) -> Iterator[tuple[Place, int]]:
    if node is None:
        return
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else str(key.start_mark.line)
            yield from _lines(value, (*place, name))
            yield (*place, name), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*place, index))
