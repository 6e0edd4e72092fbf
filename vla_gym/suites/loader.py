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

A Python file has a function ``suite() -> Suite``, or a ``Record`` named ``Options`` and a function
``suite(options) -> Suite``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from vla_gym.env.registration import tasks_of
from vla_gym.errors import OptionError, SuiteError, UnknownNameError, VlaGymError, suggest
from vla_gym.options import NoOptions, call_target, merged, options_model, validated
from vla_gym.plugins import ConfigurableEntry, SuiteEntry, SuiteFormatEntry, SummaryEntry
from vla_gym.registry import registry
from vla_gym.schema import Record
from vla_gym.suites.spec import Suite
from vla_gym.yaml_file import Document, Place, read_yaml

SUFFIXES = (".yaml", ".yml", ".py")


def load_suite(name: str, options: Mapping[str, Any] | None = None) -> Suite:
    """Return a suite.

    Args:
        name: A registered name, or the path of a ``.yaml`` or ``.py`` file.
        options: Of the suite, or of the format of a YAML file (a file without ``format`` has none).

    Raises:
        UnknownNameError: No such suite, or none of the summary it asks for, with near matches.
        SuiteError: A file that does not describe a suite; the message names the place.
        OptionError: An option that the suite does not have.
    """
    found = _source(name)
    suite = found.make(options or {})
    if not isinstance(suite, Suite):
        raise SuiteError(f"{name}: expected a Suite, got {type(suite).__name__}.")
    registry().get(SummaryEntry, suite.table)
    _check_tasks(suite, found)
    return suite


def _check_tasks(suite: Suite, source: _Source) -> None:
    """Refuse a sub-task or keyword that its environment does not know, if that can be asked."""
    known: dict[str, tuple[str, ...] | None] = {}
    for index, episode in enumerate(suite.episodes):
        if episode.env_key not in known:
            try:
                known[episode.env_key] = tasks_of(episode.env_id, episode.env_kwargs)
            except (OptionError, UnknownNameError) as error:
                message = f"episode {index}: {error}"
                raise source.error(("episodes", index, "env_kwargs"), message) from error
        names = known[episode.env_key]
        for number, subtask in enumerate(episode.subtasks):
            if names is not None and subtask.name not in names:
                place = ("episodes", index, "subtasks", number, "name")
                raise source.error(
                    place,
                    f"episode {index}: {episode.env_id} has no sub-task {subtask.name!r}. "
                    f"{suggest(subtask.name, names)}",
                )


def is_path(name: str) -> bool:
    """Whether a suite name is a file's path."""
    return name.endswith(SUFFIXES)


def suite_options(name: str) -> type[Record]:
    """Return the model of a suite's options.

    Raises:
        VlaGymError: As ``load_suite``.
    """
    return _source(name).model


def suite_defaults(name: str) -> Record:
    """Return the options of a suite for which nothing is set.

    Raises:
        OptionError: When something has to be set.
    """
    return _source(name).options({})


@dataclass(frozen=True)
class _Source:
    """Where a suite comes from.

    Attributes:
        name: As it was asked for.
        target: Returns it.
        entry: How the target is called, and its defaults.
        model: Of its options.
        document: What else the target needs, for a file.
    """

    name: str
    target: Any
    entry: ConfigurableEntry
    model: type[Record]
    document: Document | None = None

    def options(self, given: Mapping[str, Any]) -> Record:
        """Return what was given over the entry's defaults, validated."""
        whole = merged(self.entry.defaults, given)
        return validated(self.model, whole, where=f"Suite {self.name!r}")

    def error(self, place: Place, message: str) -> VlaGymError:
        """Return an error about a place of the suite; one that a file lists has a line."""
        if self.document is not None and self.target is _from_document:
            return self.document.error(place, message)
        return SuiteError(f"{self.name}: {message}")

    def make(self, given: Mapping[str, Any]) -> Any:
        """Return what the target returns."""
        options = self.options(given)
        more = {} if self.document is None else {"document": self.document}
        return call_target(self.target, self.entry, options, **more)


def _source(name: str) -> _Source:
    if is_path(name):
        return _file(Path(name))
    entry = registry().get(SuiteEntry, name).entry
    target = registry().load(SuiteEntry, name)
    return _Source(name, target, entry, options_model(entry.options))


def _file(path: Path) -> _Source:
    if not path.is_file():
        raise SuiteError(f"Suite file {path} does not exist.")
    name = str(path)
    if path.suffix == ".py":
        return _python(path)
    document = read_yaml(path, SuiteError)
    if "format" not in document.data:
        plain = SuiteEntry(name, f"{__name__}:_from_document")
        return _Source(name, _from_document, plain, NoOptions, document)
    entry = _format(document)
    target = registry().load(SuiteFormatEntry, entry.name)
    return _Source(name, target, entry, options_model(entry.options), document)


def _format(document: Document) -> SuiteFormatEntry:
    name, known = str(document.data["format"]), registry().names(SuiteFormatEntry)
    if name not in known:
        raise document.error(("format",), f"unknown format {name!r}. {suggest(name, known)}")
    return registry().get(SuiteFormatEntry, name).entry


def _python(path: Path) -> _Source:
    module = _module(path)
    function, model = getattr(module, "suite", None), getattr(module, "Options", NoOptions)
    if not callable(function):
        raise SuiteError(f"{path} has no function suite() -> Suite.")
    if not (isinstance(model, type) and issubclass(model, Record)):
        raise SuiteError(f"{path}: Options is {model!r}, expected a vla_gym.schema.Record.")
    options = "" if model is NoOptions else f"{module.__name__}:Options"
    return _Source(str(path), function, SuiteEntry(str(path), "file:suite", options=options), model)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"vla_gym_suite_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SuiteError(f"{path} cannot be loaded as a Python file.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SuiteError(f"{path}: {type(error).__name__}: {error}") from error
    return module


def _from_document(*, document: Document) -> Suite:
    data = _with_defaults(document)
    try:
        return Suite.model_validate(data)
    except ValidationError as error:
        raise document.explain(error, Suite) from error


def _with_defaults(document: Document) -> dict[str, Any]:
    """Return the data with the shared fields of ``defaults`` filled into each episode."""
    data = dict(document.data)
    defaults = data.pop("defaults", None)
    if not isinstance(defaults, dict | None):
        raise document.error(
            ("defaults",), f"'defaults' is {type(defaults).__name__}, expected a mapping."
        )
    defaults = dict(defaults or {})
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
