"""A suite by registered name, by YAML file or by Python file.

A YAML file holds the fields of ``Suite`` (shared parts of the episodes may be written once under
``defaults``)::

    name: my-chains
    protocol: {success: first}
    table: chain
    defaults: {env_id: Some-Env-v0, max_steps: 360}
    episodes:
      - seed: 1
        subtasks:
          - {name: open_drawer, instruction: pull the drawer open}

A YAML file with ``format: NAME`` is read by the plugin that registered that format.

A Python file has a function ``suite(**options) -> Suite``.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vla_gym.errors import OptionError, SuiteError, suggest
from vla_gym.plugins import SuiteEntry, SuiteFormatEntry
from vla_gym.registry import registry, takes_option
from vla_gym.suites.document import Document, read_document
from vla_gym.suites.spec import Suite

SUFFIXES = (".yaml", ".yml", ".py")


def load_suite(name: str, options: Mapping[str, Any] | None = None) -> Suite:
    """Return a suite.

    Args:
        name: A registered name, or the path of a ``.yaml`` or ``.py`` file.
        options: Keyword arguments of the suite's function, or of the format of a YAML file (a
            file without ``format`` has none).

    Raises:
        UnknownNameError: No such suite, with near matches.
        SuiteError: A file that does not describe a suite; the message names the place.
        OptionError: An option that the suite does not have.
    """
    if is_path(name):
        return _from_path(Path(name), options or {})
    entry = registry().entry("suites", name, SuiteEntry)
    return _call(name, registry().load("suites", name), {**entry.kwargs, **(options or {})})


def is_path(name: str) -> bool:
    """Whether a suite name is a file's path."""
    return name.endswith(SUFFIXES)


def suite_accepts_option(name: str, option: str) -> bool:
    """Whether a suite takes an option of that name."""
    if name.endswith(".py"):
        return True
    if is_path(name):
        reader = _format(read_document(Path(name))) if Path(name).is_file() else None
        return reader is not None and takes_option(reader, option)
    return takes_option(registry().load("suites", name), option)


def _from_path(path: Path, options: Mapping[str, Any]) -> Suite:
    if not path.is_file():
        raise SuiteError(f"Suite file {path} does not exist.")
    if path.suffix == ".py":
        return _call(str(path), _python_function(path), options)
    document = read_document(path)
    reader = _format(document)
    if reader is not None:
        return _call(str(path), reader, {"document": document, **options})
    if options:
        raise OptionError(f"{path}: a YAML suite has no options, got {sorted(options)}.")
    return _from_document(document)


def _format(document: Document) -> Callable[..., Suite] | None:
    """Return the reader of a document that names its format, ``None`` for the built-in one."""
    if "format" not in document.data:
        return None
    name, known = str(document.data["format"]), registry().names("suite_formats")
    if name not in known:
        raise document.error(("format",), f"unknown format {name!r}. {suggest(name, known)}")
    registry().entry("suite_formats", name, SuiteFormatEntry)
    reader: Callable[..., Suite] = registry().load("suite_formats", name)
    return reader


def _call(name: str, function: Callable[..., Suite], options: Mapping[str, Any]) -> Suite:
    for option in options:
        if not takes_option(function, option):
            known = inspect.signature(function).parameters
            raise OptionError(f"Suite {name!r} has no option {option!r}. {suggest(option, known)}")
    suite = function(**options)
    if not isinstance(suite, Suite):
        raise SuiteError(f"{name}: expected a Suite, got {type(suite).__name__}.")
    return suite


def _python_function(path: Path) -> Callable[..., Suite]:
    spec = importlib.util.spec_from_file_location(f"vla_gym_suite_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SuiteError(f"{path} cannot be loaded as a Python file.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SuiteError(f"{path}: {type(error).__name__}: {error}") from error
    function = getattr(module, "suite", None)
    if not callable(function):
        raise SuiteError(f"{path} has no function suite(**options) -> Suite.")
    result: Callable[..., Suite] = function
    return result


def _from_document(document: Document) -> Suite:
    data = _with_defaults(document)
    try:
        return Suite.model_validate(data)
    except ValidationError as error:
        raise document.explain(error) from error


def _with_defaults(document: Document) -> dict[str, Any]:
    """Return the data with the shared fields of ``defaults`` filled into each episode."""
    data = dict(document.data)
    defaults = dict(data.pop("defaults", None) or {})
    max_steps = defaults.pop("max_steps", None)
    episodes = data.get("episodes")
    if not isinstance(episodes, list) or not all(isinstance(e, dict) for e in episodes):
        raise document.error(("episodes",), "'episodes' must be a list of mappings.")
    filled = [{**defaults, **episode} for episode in episodes]
    for episode in filled:
        subtasks = episode.get("subtasks")
        if max_steps is not None and isinstance(subtasks, list):
            episode["subtasks"] = [
                {"max_steps": max_steps, **s} if isinstance(s, dict) else s for s in subtasks
            ]
    return {**data, "episodes": filled}
