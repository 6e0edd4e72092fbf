"""What the numbers of a folder mean, said in a file or by a name: ``spec`` as a user gives it.

Folders of others do not explain themselves, and a ``DatasetSpec`` is too long for a command line.
So wherever ``spec`` may be a mapping it may also be the path of a YAML file, or the name of a spec
that a plugin brings (``DatasetSpecEntry``). Such a file is a ``DatasetSpec``, or a ``SpecFile``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from vla_gym.dataset_specs import DatasetSpecEntry
from vla_gym.datasets.demonstration import DatasetSpec
from vla_gym.options import merged, validated
from vla_gym.registry import registry
from vla_gym.schema import Record
from vla_gym.yaml_file import Document, read_yaml

SPEC: Final = "spec"
_SUFFIXES = (".yaml", ".yml")


class SpecFile(Record):
    """A spec, and what else the reader of a format wants to know.

    Attributes:
        spec: What the numbers and pictures mean.
        formats: Options by the name of a format, such as the names of fields.
    """

    spec: DatasetSpec
    formats: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)


def explained(options: Mapping[str, Any], form: str) -> dict[str, Any]:
    """Return the options of a folder, with what a file or a name in ``spec`` stands for.

    Args:
        options: As a user gives them; what is there goes over what the file says.
        form: Name of the folder's format.

    Raises:
        OptionError: A file that cannot be read or is no spec, with its line.
        UnknownNameError: No such name; with near matches.
    """
    said = options.get(SPEC)
    if not isinstance(said, (str, Path)):
        return dict(options)
    found = find_spec(said)
    others = {key: value for key, value in options.items() if key != SPEC}
    return merged({SPEC: found.spec, **found.formats.get(form, {})}, others)


def find_spec(said: str | Path) -> SpecFile:
    """Return what a path or a registered name stands for.

    Raises:
        OptionError: A file that cannot be read or is no spec, with its line.
        UnknownNameError: No such name; with near matches.
    """
    if isinstance(said, Path) or said.endswith(_SUFFIXES):
        return _of_file(read_yaml(Path(said)))
    made: Any = registry().load(DatasetSpecEntry, said)()
    if isinstance(made, Path):
        return _of_file(read_yaml(made))
    if isinstance(made, DatasetSpec):
        return SpecFile(spec=made)
    return validated(SpecFile, made, where=f"The data set spec {said!r}")


def _of_file(document: Document) -> SpecFile:
    if SPEC in document.data:
        return document.validated(SpecFile)
    return SpecFile(spec=document.validated(DatasetSpec))
