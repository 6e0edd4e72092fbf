"""Tasks from files: each mistake is told with its line and with what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vla_gym.errors import SuiteError, UnknownNameError
from vla_gym.yaml_file import Document, Place, read_yaml
from vla_gym_bdr.tasks.layout import lay_out
from vla_gym_bdr.tasks.model import Task, problems

_TRIALS = 4
"""Layouts that are drawn to see whether a scene is possible."""


@lru_cache(maxsize=1)
def built_in() -> Mapping[str, Task]:
    """Return the 20 tasks of the benchmark by name."""
    with resources.as_file(resources.files("vla_gym_bdr.tasks") / "data" / "bdr20.yaml") as file:
        return {task.name: task for task in read_tasks(read_yaml(Path(file), SuiteError), trials=0)}


def read_tasks(document: Document, *, trials: int = _TRIALS) -> tuple[Task, ...]:
    """Return the tasks of a file: names of built-in ones, or tasks in full.

    Raises:
        SuiteError: Naming line, value and what is allowed.
    """
    items = document.data.get("tasks")
    if not isinstance(items, list) or not items:
        raise document.error(("tasks",), "expected 'tasks', a list of tasks or of names of tasks")
    tasks = tuple(_task(document, ("tasks", i), item, trials) for i, item in enumerate(items))
    names = [task.name for task in tasks]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise document.error(("tasks", index), f"the name {name!r} is there twice")
    return tasks


def _task(document: Document, place: Place, item: Any, trials: int) -> Task:
    if isinstance(item, str):
        try:
            return task_named(item)
        except UnknownNameError as error:
            raise document.error(place, str(error)) from error
    try:
        task = Task.model_validate(item)
    except ValidationError as error:
        raise document.explain(error, Task, place) from error
    for where, message in problems(task):
        raise document.error((*place, *where), message)
    for seed in range(trials):
        try:
            lay_out(task, seed)
        except SuiteError as error:
            raise document.error((*place, "scene"), str(error)) from error
    return task


def task_named(name: str) -> Task:
    """Return a built-in task.

    Raises:
        UnknownNameError: For another name.
    """
    if name not in built_in():
        raise UnknownNameError("BDRBench task", name, built_in())
    return built_in()[name]


def make_task(task: str | Mapping[str, Any]) -> Task:
    """Return a task from its name or from its fields.

    Raises:
        UnknownNameError: For a name that no built-in task has.
        SuiteError: For fields that are no sound task.
    """
    if isinstance(task, str):
        return task_named(task)
    try:
        made = Task.model_validate(task)
    except ValidationError as error:
        raise SuiteError(f"task={dict(task)!r} is not a task: {error}") from error
    for where, message in problems(made):
        raise SuiteError(f"task {made.name}: {'.'.join(where)}: {message}")
    return made
