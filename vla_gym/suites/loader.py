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

A Python file has a function ``suite(**options) -> Suite``.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from vla_gym.errors import OptionError, SuiteError, suggest
from vla_gym.plugins import SuiteEntry
from vla_gym.registry import registry, takes_option
from vla_gym.suites.spec import Suite

SUFFIXES = (".yaml", ".yml", ".py")


def load_suite(name: str, options: Mapping[str, Any] | None = None) -> Suite:
    """Return a suite.

    Args:
        name: A registered name, or the path of a ``.yaml`` or ``.py`` file.
        options: Keyword arguments of the suite's function (YAML files have none).

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
    if is_path(name):
        return name.endswith(".py")
    return takes_option(registry().load("suites", name), option)


def _from_path(path: Path, options: Mapping[str, Any]) -> Suite:
    if not path.is_file():
        raise SuiteError(f"Suite file {path} does not exist.")
    if path.suffix == ".py":
        return _call(str(path), _python_function(path), options)
    if options:
        raise OptionError(f"{path}: a YAML suite has no options, got {sorted(options)}.")
    return _from_yaml(path)


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


def _from_yaml(path: Path) -> Suite:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(data, dict):
        raise SuiteError(f"{path}: expected a mapping with name, protocol and episodes.")
    try:
        return Suite.model_validate(_with_defaults(path, data))
    except ValidationError as error:
        raise SuiteError(f"{path} is not a suite: {_explain(error)}") from error


def _with_defaults(path: Path, data: dict[str, Any]) -> dict[str, Any]:
    """Return ``data`` with the shared fields of ``defaults`` filled into each episode."""
    defaults = dict(data.pop("defaults", None) or {})
    max_steps = defaults.pop("max_steps", None)
    episodes = data.get("episodes")
    if not isinstance(episodes, list) or not all(isinstance(e, dict) for e in episodes):
        raise SuiteError(f"{path}: 'episodes' must be a list of mappings.")
    filled = [{**defaults, **episode} for episode in episodes]
    for episode in filled:
        subtasks = episode.get("subtasks")
        if max_steps is not None and isinstance(subtasks, list):
            episode["subtasks"] = [
                {"max_steps": max_steps, **s} if isinstance(s, dict) else s for s in subtasks
            ]
    return {**data, "episodes": filled}


def _explain(error: ValidationError) -> str:
    """Return the first few problems with the place they are at."""
    problems = error.errors(include_url=False, include_context=False)
    lines = [f"{'.'.join(map(str, p['loc'])) or 'suite'}: {p['msg']}" for p in problems[:5]]
    return "; ".join(lines) + ("; ..." if len(problems) > 5 else "")
