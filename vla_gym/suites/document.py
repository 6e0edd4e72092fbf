"""A YAML file whose parts know the line they were written on.

A mistake in a file is answered with the place it is at: ``FILE, line 12: ...``. Formats of suite
files (see ``vla_gym.plugins.SuiteFormatEntry``) are given a ``Document``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from vla_gym.errors import SuiteError

Place = tuple[str | int, ...]
_SHOWN = 5


@dataclass(frozen=True)
class Document:
    """A YAML file as values and lines.

    Attributes:
        path: The file.
        data: Its mapping.
        lines: Line (from 1) of everything in it, by the keys and indices that lead there.
    """

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the innermost thing around it that was written."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return 1

    def error(self, place: Place, message: str) -> SuiteError:
        """Return an error that names file and line."""
        return SuiteError(f"{self.path}, line {self.line(place)}: {message}")

    def explain(self, error: ValidationError, root: Place = ()) -> SuiteError:
        """Return the first few problems of a validation, each with its line."""
        problems = error.errors(include_url=False, include_context=False)
        lines = [self._problem((*root, *p["loc"]), str(p["msg"])) for p in problems[:_SHOWN]]
        more = f"\n... and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        return SuiteError("\n".join(lines) + more)

    def _problem(self, place: Place, message: str) -> str:
        name = ".".join(str(key) for key in place) or "the file"
        return f"{self.path}, line {self.line(place)}: {name}: {message}"


def read_document(path: Path) -> Document:
    """Read a YAML file that holds a mapping.

    Raises:
        SuiteError: When it is no YAML or holds something else.
    """
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        lines = dict(_lines(node, ()))  # before merge keys are resolved in place
        data = None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(data, dict):
        raise SuiteError(f"{path}: expected a mapping with name, protocol and episodes.")
    return Document(path, data, lines)


def _lines(node: yaml.Node | None, place: Place) -> Iterator[tuple[Place, int]]:
    if node is None:
        return
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = key.value
            yield from _lines(value, (*place, name))
            yield (*place, name), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*place, index))
